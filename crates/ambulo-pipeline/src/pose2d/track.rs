//! All people of a video, frame by frame.

use ambulo::identity::sides::Sighting;
use ambulo::picture::Picture;
use ambulo_io::boxes::PersonBox;

use super::follow::Follower;
use super::gaze::Gaze;
use super::look::{Look, look};
use super::motion::{Moving, Small};
use super::search;
use super::{Pose2dConfig, Pose2dError, PoseNetwork};

/// Two looks that are more similar show one person, whoever was expected there.
const ONE_PERSON: f64 = 0.5;
/// Joints of a followed person may move so much more than those of a find.
const STILL_STEADY: f64 = 1.25;
/// Time over which motion in the picture is measured, in seconds.
const MOTION_S: f64 = 0.15;
/// Time before and after a sighting over which the person's size is measured, in seconds.
const SIZE_S: f64 = 0.4;
/// Searches all over the picture become rarer, up to this factor, while they find nobody.
const RAREST: f64 = 4.0;

/// Finds people, and follows them.
///
/// Give it the frames in order ([`Tracker::push`]). Beside small grey pictures it keeps nothing of them
/// but keypoints.
#[derive(Debug)]
pub struct Tracker<'a> {
    config: &'a Pose2dConfig,
    people: Vec<Follower>,
    frame: usize,
    times_s: Vec<f64>,
    step_s: f64,
    /// Small pictures of the last fraction of a second, and one before it.
    small: Vec<(f64, Small)>,
    next_look_s: f64,
    next_search_s: f64,
    rarer: f64,
}

/// A look that may be of somebody.
struct Claim {
    /// Whom, by their place among the people.
    owner: usize,
    /// How far it is from what is expected of them.
    distance: f64,
    look: Look,
}

impl Claim {
    fn cost(&self) -> f64 {
        self.distance - 2.0 * self.look.certainty
    }
}

impl<'a> Tracker<'a> {
    /// A tracker that knows nobody.
    pub fn new(config: &'a Pose2dConfig) -> Self {
        Self {
            config,
            people: Vec::new(),
            frame: 0,
            times_s: Vec::new(),
            step_s: 1.0 / 30.0,
            small: Vec::new(),
            next_look_s: 0.0,
            next_search_s: f64::NEG_INFINITY,
            rarer: 1.0,
        }
    }

    /// Takes the next frame. `boxes` are the person boxes of a detector, where one has run: then nobody is
    /// searched for elsewhere.
    ///
    /// # Errors
    ///
    /// [`Pose2dError::Network`] if the network fails.
    pub fn push(
        &mut self,
        network: &mut dyn PoseNetwork,
        picture: &Picture,
        time_s: f64,
        boxes: Option<&[PersonBox]>,
    ) -> Result<(), Pose2dError> {
        if let Some(last_s) = self.times_s.last() {
            self.step_s = time_s - last_s;
        }
        self.times_s.push(time_s);
        let at = (self.frame, time_s);
        self.follow(network, picture, at)?;
        if boxes.is_none() {
            self.check(network, picture, time_s)?;
        }
        let found = match boxes {
            Some(boxes) => self.detected(network, picture, boxes, time_s)?,
            None => self.searched(network, picture, time_s)?,
        };
        self.welcome(found, picture, at);
        let picture_px = [picture.width_px(), picture.height_px()];
        for person in &mut self.people {
            person.give_up(at, picture_px, self.config);
        }
        self.people
            .retain(|person| person.is_followed() || !person.is_on_trial(self.frame));
        self.frame += 1;
        Ok(())
    }

    /// How many frames were taken.
    pub fn frames(&self) -> usize {
        self.frame
    }

    /// How many people are followed now.
    pub fn followed(&self) -> usize {
        self.people.iter().filter(|p| p.is_followed()).count()
    }

    /// Everybody who was seen: in which frames, and how. Their sizes are medians over a while: one look may be wrong, and
    /// what was known of somebody when they were found is not what they grew from.
    pub fn finish(self) -> Vec<Vec<(usize, Sighting)>> {
        let times_s = self.times_s;
        let people = self.people.into_iter().map(|person| person.sightings);
        people
            .map(|mut sightings| {
                let sizes: Vec<(f64, f64)> = sightings
                    .iter()
                    .map(|(frame, seen)| (times_s[*frame], seen.size_px))
                    .collect();
                for ((_, seen), &(now_s, _)) in sightings.iter_mut().zip(&sizes) {
                    seen.size_px = median_near(&sizes, now_s);
                }
                sightings
            })
            .collect()
    }

    /// Looks for each followed person where they are expected.
    fn follow(
        &mut self,
        network: &mut dyn PoseNetwork,
        picture: &Picture,
        (frame, time_s): (usize, f64),
    ) -> Result<(), Pose2dError> {
        let picture_px = [picture.width_px(), picture.height_px()];
        let followed: Vec<usize> = (0..self.people.len())
            .filter(|&index| self.people[index].is_followed())
            .collect();
        let gazes: Vec<(usize, Gaze)> = followed
            .iter()
            .flat_map(|&index| {
                let gazes = self.people[index].gazes(time_s, picture_px, self.step_s);
                gazes.into_iter().map(move |gaze| (index, gaze))
            })
            .collect();
        let mut claims = self.claims(network, picture, &gazes, time_s)?;
        let seconds: Vec<(usize, Gaze)> = followed
            .iter()
            .filter_map(|&index| {
                let seen = claims.iter().find(|claim| claim.owner == index);
                let seen = seen.map(|claim| (claim.distance, claim.look.certainty));
                let gaze = self.people[index].second_gaze(seen, time_s, picture_px);
                Some((index, gaze?))
            })
            .collect();
        for second in self.claims(network, picture, &seconds, time_s)? {
            match claims.iter_mut().find(|first| first.owner == second.owner) {
                Some(first) if second.cost() < first.cost() => *first = second,
                Some(_) => {}
                None => claims.push(second),
            }
        }
        // Of two who claim one look, the one whom it fits better.
        claims.sort_by(|a, b| {
            let cost = |claim: &Claim| claim.cost() - self.people[claim.owner].seniority();
            cost(a).total_cmp(&cost(b)).then(a.owner.cmp(&b.owner))
        });
        let mut taken: Vec<Look> = Vec::new();
        for Claim { owner, look, .. } in claims {
            if taken
                .iter()
                .all(|other| other.similarity(&look) < ONE_PERSON)
            {
                self.people[owner].take(&look, (frame, time_s), picture, self.config);
                taken.push(look);
            }
        }
        Ok(())
    }

    /// The best look of each person that can be of them.
    fn claims(
        &self,
        network: &mut dyn PoseNetwork,
        picture: &Picture,
        gazes: &[(usize, Gaze)],
        time_s: f64,
    ) -> Result<Vec<Claim>, Pose2dError> {
        let (owners, gazes): (Vec<usize>, Vec<Gaze>) = gazes
            .iter()
            .filter(|(_, gaze)| gaze.is_box())
            .copied()
            .unzip();
        let looks = look(network, picture, &gazes, self.config.flip)?;
        if looks.len() != owners.len() {
            return Err(Pose2dError::Network(
                "a box could not be cropped".to_owned(),
            ));
        }
        let mut claims: Vec<Claim> = Vec::new();
        for (owner, look) in owners.into_iter().zip(looks) {
            let person = &self.people[owner];
            let Some(distance) = person.distance(&look, time_s, picture, self.config) else {
                continue;
            };
            let claim = Claim {
                owner,
                distance,
                look,
            };
            match claims.last_mut() {
                Some(best) if best.owner == owner => {
                    if claim.cost() < best.cost() {
                        *best = claim;
                    }
                }
                _ => claims.push(claim),
            }
        }
        Ok(claims)
    }

    /// Checks now and then that those who are followed are people.
    fn check(
        &mut self,
        network: &mut dyn PoseNetwork,
        picture: &Picture,
        time_s: f64,
    ) -> Result<(), Pose2dError> {
        let due = |person: &Follower| person.to_check(time_s).cloned();
        let (whom, looks): (Vec<usize>, Vec<Look>) = (0..self.people.len())
            .filter_map(|index| Some((index, due(&self.people[index])?)))
            .unzip();
        let unsteady = search::unsteadiness(network, picture, &looks)?;
        for (index, unsteady) in whom.into_iter().zip(unsteady) {
            let is_person = unsteady <= STILL_STEADY * self.config.steady_within;
            self.people[index].checked(is_person, time_s);
        }
        Ok(())
    }

    /// People in a detector's boxes who are not followed yet.
    fn detected(
        &mut self,
        network: &mut dyn PoseNetwork,
        picture: &Picture,
        boxes: &[PersonBox],
        time_s: f64,
    ) -> Result<Vec<Look>, Pose2dError> {
        let picture_px = [picture.width_px(), picture.height_px()];
        let followed: Vec<[f64; 4]> = self
            .people
            .iter()
            .filter(|person| person.is_followed() && person.unseen_s(time_s) < self.step_s / 2.0)
            .map(|person| person.box_px(time_s, picture_px))
            .collect();
        let new: Vec<Gaze> = boxes
            .iter()
            .map(|found| found.box_px)
            .filter(|found| followed.iter().all(|known| overlap(known, found) < 0.4))
            .map(Gaze::upright)
            .collect();
        if new.is_empty() || self.followed() >= self.config.most_people {
            return Ok(Vec::new());
        }
        let mut found = look(network, picture, &new, false)?;
        found.retain(|look| look.certainty >= self.config.lost_below);
        Ok(found)
    }

    /// People who are not followed yet: where something moves, and all over the picture while nobody is
    /// followed.
    fn searched(
        &mut self,
        network: &mut dyn PoseNetwork,
        picture: &Picture,
        time_s: f64,
    ) -> Result<Vec<Look>, Pose2dError> {
        let moving = self.moving(picture, time_s);
        let picture_px = [picture.width_px(), picture.height_px()];
        let is_nobody_followed = self.followed() == 0;
        if self.followed() >= self.config.most_people {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        if let Some(Moving::Boxes(moving)) = moving {
            let mut boxes = search::around(&moving);
            boxes.retain(|found| {
                self.people
                    .iter()
                    .filter(|person| person.is_followed())
                    .all(|person| overlap(&person.box_px(time_s, picture_px), found) < 0.3)
            });
            if !boxes.is_empty() {
                let gazes: Vec<Gaze> = boxes.into_iter().map(Gaze::upright).collect();
                found = search::people(network, picture, &gazes, self.config)?;
            }
        }
        if found.is_empty() && is_nobody_followed && time_s >= self.next_search_s {
            // All heights but the smallest: who stands about must be known, lest the walker who passes is
            // taken for them.
            let levels = search::all_over(picture_px);
            let last = levels.len().saturating_sub(1);
            for (level, gazes) in levels.iter().enumerate() {
                if level < last || found.is_empty() {
                    found.extend(search::people(network, picture, gazes, self.config)?);
                }
            }
            if found.is_empty() {
                let gazes = search::leaning(&levels);
                found = search::people(network, picture, &gazes, self.config)?;
            }
            found = search::distinct(found);
            self.rarer = if found.is_empty() {
                (1.5 * self.rarer).min(RAREST)
            } else {
                1.0
            };
            self.next_search_s = time_s + self.rarer * self.config.search_every_s;
        }
        Ok(found)
    }

    /// What moves, when it is time to look.
    fn moving(&mut self, picture: &Picture, time_s: f64) -> Option<Moving> {
        // Without a picture some time ago there is nothing to compare with.
        let is_soon = time_s + MOTION_S + 2.0 * self.step_s >= self.next_look_s;
        if !is_soon {
            self.small.clear();
            return None;
        }
        let now = Small::of(picture);
        while self.small.len() > 1 && time_s - self.small[1].0 >= MOTION_S {
            self.small.remove(0);
        }
        let then = self
            .small
            .first()
            .filter(|(then_s, _)| time_s - then_s >= MOTION_S);
        let moving = match then {
            Some((_, then)) if time_s >= self.next_look_s => {
                self.next_look_s = time_s + self.config.look_every_s;
                Some(now.moved_since(then))
            }
            _ => None,
        };
        self.small.push((time_s, now));
        moving
    }

    /// Takes people who were found as people who were lost, or as new ones.
    fn welcome(&mut self, found: Vec<Look>, picture: &Picture, (frame, time_s): (usize, f64)) {
        let picture_px = [picture.width_px(), picture.height_px()];
        for look in found {
            let known = self.people.iter().any(|person| {
                person.is_followed()
                    && person.unseen_s(time_s) < self.step_s / 2.0
                    && person
                        .sightings
                        .last()
                        .is_some_and(|(_, seen)| shows(seen, &look))
            });
            if known {
                continue;
            }
            let lost = (0..self.people.len())
                .filter(|&index| {
                    let person = &self.people[index];
                    !person.is_followed() || person.unseen_s(time_s) > self.step_s / 2.0
                })
                .filter_map(|index| {
                    Some((self.people[index].again(&look, time_s, picture)?, index))
                })
                .min_by(|a, b| a.0.total_cmp(&b.0));
            let at = (frame, time_s);
            if let Some((_, index)) = lost {
                self.people[index].take_again(&look, at, picture, self.config);
            } else if self.followed() < self.config.most_people
                && look.centre.x < f64::from(picture_px[0])
            {
                let person = Follower::new(&look, at, picture, self.config);
                self.people.push(person);
            }
        }
    }
}

/// The median of what was measured within [`SIZE_S`] of a time.
fn median_near(measured: &[(f64, f64)], now_s: f64) -> f64 {
    let from = measured.partition_point(|(time_s, _)| *time_s < now_s - SIZE_S);
    let to = measured.partition_point(|(time_s, _)| *time_s <= now_s + SIZE_S);
    let mut near: Vec<f64> = measured[from..to].iter().map(|(_, size)| *size).collect();
    let middle = near.len() / 2;
    *near.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// Whether a look is of a person who was just seen.
fn shows(seen: &Sighting, look: &Look) -> bool {
    let mut distances: Vec<f64> = seen
        .points
        .iter()
        .zip(&look.pose.joints)
        .filter_map(|(point, joint)| {
            let [x, y] = joint.at;
            let at = (*point)?.position_px;
            Some((at.x - x).hypot(at.y - y))
        })
        .collect();
    if distances.is_empty() {
        return false;
    }
    let middle = distances.len() / 2;
    let typical = *distances.select_nth_unstable_by(middle, f64::total_cmp).1;
    typical < 0.15 * seen.size_px
}

/// The share of two boxes' union that both cover.
fn overlap(a: &[f64; 4], b: &[f64; 4]) -> f64 {
    let along = |axis: usize| {
        let from = a[axis].max(b[axis]);
        let to = (a[axis] + a[axis + 2]).min(b[axis] + b[axis + 2]);
        (to - from).max(0.0)
    };
    let both = along(0) * along(1);
    let area = |of: &[f64; 4]| of[2].max(0.0) * of[3].max(0.0);
    let either = area(a) + area(b) - both;
    if either > 0.0 { both / either } else { 0.0 }
}
