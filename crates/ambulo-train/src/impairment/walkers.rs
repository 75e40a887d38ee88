//! Walks of simulated people: a recorded person's own cycle, as long as needed, with an impairment.

use std::path::Path;

use ambulo::motion::Motion3d;

use super::{Figure, Impairment, ImpairmentError, Severity, impair};
use crate::film::{Body, Posture, between, chance, clip_rng, whole};
use crate::motion::{self, MotionError, People, RATE_HZ, Role, Take};
use crate::params::film::gait::Gait;
use crate::params::film::period::{Period, motion_of, periods};
use crate::params::film::stroll::Stroll;

/// How simulated walks are made.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WalkerSettings {
    /// Seeds everything random.
    pub seed: u64,
    /// Shortest and longest walk in seconds, before the impairment changes its time.
    pub duration_s: [f64; 2],
}

impl Default for WalkerSettings {
    fn default() -> Self {
        Self {
            seed: 6,
            duration_s: [5.0, 14.0],
        }
    }
}

/// People whose motion was recorded, each with the steady cycles of their walks.
#[derive(Debug, Clone)]
pub struct Walkers {
    people: Vec<(String, Role, Vec<Period>)>,
    takes: Vec<Take>,
}

/// Why a walk could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WalkerError {
    /// Nobody of this name has a steady cycle.
    #[error("there is no steady gait cycle of {person:?}")]
    NoCycle {
        /// The name.
        person: String,
    },
    /// The cycle could not be changed.
    #[error(transparent)]
    Impairment(#[from] ImpairmentError),
    /// The changed walk is empty.
    #[error("the changed walk of {person:?} has no frames")]
    Empty {
        /// The name.
        person: String,
    },
}

/// A walk of a simulated person.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedWalk {
    /// Whose recorded motion it was made from.
    pub person: String,
    /// The score that it simulates.
    pub score: u8,
    /// What was changed.
    pub impairment: Impairment,
    /// The motion at [`RATE_HZ`]: the joints of [`Figure`].
    pub motion: Motion3d,
}

impl Walkers {
    /// The people of the collections in a folder of data, `cmu` and `c3d/biomechzoo` in it.
    ///
    /// # Errors
    ///
    /// [`MotionError`] if a recording is missing or damaged.
    pub fn load(data: &Path) -> Result<Self, MotionError> {
        let people = People::built_in()?;
        Ok(Self::of(motion::load(data, &people)?, &people))
    }

    /// The people of these takes.
    pub fn of(takes: Vec<Take>, people: &People) -> Self {
        let mut names: Vec<&String> = takes.iter().map(|take| &take.person).collect();
        names.sort_unstable();
        names.dedup();
        let cycles = |name: &String| -> Vec<Period> {
            let own = takes.iter().filter(|take| take.person == *name);
            own.flat_map(periods).collect()
        };
        let people = names
            .into_iter()
            .map(|name| (name.clone(), people.role(name), cycles(name)))
            .collect();
        Self { people, takes }
    }

    /// Everybody with at least one steady cycle, and what their recordings are for.
    pub fn people(&self) -> impl Iterator<Item = (&str, Role)> {
        let steady = self
            .people
            .iter()
            .filter(|(_, _, cycles)| !cycles.is_empty());
        steady.map(|(name, role, _)| (name.as_str(), *role))
    }

    /// The recordings as they are.
    pub fn takes(&self) -> &[Take] {
        &self.takes
    }

    /// A person's walk as recorded, as long as the settings say: what [`impair`] changes.
    ///
    /// # Errors
    ///
    /// [`WalkerError::NoCycle`] for anybody without a steady cycle.
    pub fn healthy(
        &self,
        person: &str,
        index: u64,
        settings: &WalkerSettings,
    ) -> Result<Vec<Figure>, WalkerError> {
        let place = self.people.iter().position(|(name, ..)| name == person);
        let cycles = place.map_or(&[][..], |place| &self.people[place].2);
        if cycles.is_empty() {
            return Err(WalkerError::NoCycle {
                person: person.to_owned(),
            });
        }
        let step = place.unwrap_or(0) as u64;
        let mut rng = clip_rng(settings.seed, step, index);
        let cycle = &cycles[rng.below(cycles.len())];
        let gait = Gait {
            body: Body::RECORDED,
            posture: Posture::RECORDED,
            duration_s: cycle.duration_s,
            is_mirrored: chance(&mut rng, 0.5),
        };
        let [shortest_s, longest_s] = settings.duration_s;
        let frames = whole(between(&mut rng, shortest_s, longest_s) * RATE_HZ);
        Ok(Stroll::new(cycle, &gait).walked(&mut rng, frames, RATE_HZ))
    }

    /// A person's walk with an impairment of this score; the same arguments always give the same walk.
    ///
    /// # Errors
    ///
    /// [`WalkerError`] if there is no such person, or the walk cannot be changed.
    pub fn walk(
        &self,
        person: &str,
        score: u8,
        index: u64,
        settings: &WalkerSettings,
    ) -> Result<SimulatedWalk, WalkerError> {
        let figures = self.healthy(person, index, settings)?;
        let place = self.people.iter().position(|(name, ..)| name == person);
        let step = place.unwrap_or(0) as u64;
        let mut rng = clip_rng(settings.seed ^ 0x5EED, step, 8 * index + u64::from(score));
        let severity = Severity::draw(&mut rng, score);
        let impairment = Impairment::draw(&mut rng, severity);
        let changed = impair(&figures, RATE_HZ, &impairment, &mut rng)?;
        let motion = motion_of(&changed, RATE_HZ).ok_or_else(|| WalkerError::Empty {
            person: person.to_owned(),
        })?;
        Ok(SimulatedWalk {
            person: person.to_owned(),
            score,
            impairment,
            motion,
        })
    }
}

/// A recording as a motion that any analysis reads, with the spines of the pelvis where it has them.
pub fn motion_of_take(take: &Take, rate_hz: f64) -> Option<Motion3d> {
    let figures: Vec<Figure> = take
        .poses
        .iter()
        .zip(&take.pelvis)
        .map(|(pose, pelvis)| {
            let mut points = pose.iter().chain(pelvis);
            std::array::from_fn(|_| points.next().copied().unwrap_or_default())
        })
        .collect();
    motion_of(&figures, rate_hz)
}

/// Figures as a motion that any analysis reads; `None` without figures or with numbers that are not finite.
pub fn motion_of_figures(figures: &[Figure], rate_hz: f64) -> Option<Motion3d> {
    motion_of(figures, rate_hz)
}
