//! Who trains, who tunes, who tests.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::{MotionError, Take, cmu_walks, plug_in_gait_walks};

/// What a person's recordings are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The network learns from them.
    Train,
    /// They choose settings and when to stop.
    Tune,
    /// They are only ever measured.
    Test,
}

/// The people of the collections and their roles.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// People that are only measured.
    pub test: Vec<String>,
    /// People that choose settings.
    pub tuning: Vec<String>,
    /// Sequences of each person of the CMU collection.
    pub cmu: BTreeMap<String, Vec<String>>,
    /// People of the gait laboratory.
    pub plug_in_gait: Folders,
}

/// Folders of recordings, one a person.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folders {
    /// Their names.
    pub folders: Vec<String>,
}

impl People {
    /// The people that this repository trains, tunes and tests with.
    ///
    /// # Errors
    ///
    /// [`MotionError::People`] if the list in the repository is damaged.
    pub fn built_in() -> Result<Self, MotionError> {
        Ok(toml::from_str(include_str!("people.toml"))?)
    }

    /// What a person's recordings are for.
    pub fn role(&self, person: &str) -> Role {
        let is_in = |names: &[String]| names.iter().any(|name| name == person);
        if is_in(&self.test) {
            Role::Test
        } else if is_in(&self.tuning) {
            Role::Tune
        } else {
            Role::Train
        }
    }
}

/// All walks of the collections in a folder of data, `cmu` and `c3d/biomechzoo` in it.
///
/// # Errors
///
/// [`MotionError`] if a recording is missing or damaged.
pub fn load(data: &Path, people: &People) -> Result<Vec<Take>, MotionError> {
    let mut takes = cmu_walks(&data.join("cmu"), people)?;
    let laboratory = data.join("c3d").join("biomechzoo");
    takes.extend(plug_in_gait_walks(
        &laboratory,
        &people.plug_in_gait.folders,
    )?);
    Ok(takes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_person_has_one_role_and_every_role_has_people_of_both_collections() {
        let people = People::built_in().unwrap();
        let all: Vec<&String> = people
            .cmu
            .keys()
            .chain(&people.plug_in_gait.folders)
            .collect();
        for name in people.test.iter().chain(&people.tuning) {
            assert!(all.contains(&name), "{name}");
        }
        assert!(people.test.iter().all(|name| !people.tuning.contains(name)));
        for role in [Role::Train, Role::Tune, Role::Test] {
            let of_role = |name: &&&String| people.role(name) == role;
            let cmu = people.cmu.keys().collect::<Vec<_>>();
            assert!(cmu.iter().any(|name| of_role(&name)), "{role:?}");
            let folders = people.plug_in_gait.folders.iter().collect::<Vec<_>>();
            assert!(folders.iter().any(|name| of_role(&name)), "{role:?}");
        }
    }

    #[test]
    fn no_sequence_belongs_to_two_people() {
        let people = People::built_in().unwrap();
        let mut names: Vec<&String> = people.cmu.values().flatten().collect();
        assert_eq!(names.len(), 64);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 64);
    }
}
