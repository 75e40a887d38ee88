//! Following each person from frame to frame, and choosing the walker.

use ambulo::keypoints::Keypoint;
use nalgebra::{Point2, Vector2};

use super::Person;

/// People of one frame that are followed; of more, the most confident.
const MOST_PEOPLE: usize = 64;
/// Frames after which a person who is not seen again is lost.
const LOST_AFTER_FRAMES: usize = 60;
/// Median distance from the expected place, in body sizes, up to which two detections are one person.
const LARGEST_MOVE: f64 = 0.5;
/// What each frame without a detection adds to it, up to twice.
const MOVE_PER_MISSED_FRAME: f64 = 0.1;
/// A person seen in fewer frames than this, and in less than [`LEAST_SHARE`] of them, does not count.
const LEAST_FRAMES: usize = 5;
/// See [`LEAST_FRAMES`].
const LEAST_SHARE: f64 = 0.02;

/// One person over the trial: where to find them, and what the choice of the walker is made by.
#[derive(Debug, Clone)]
pub(super) struct Track {
    /// Frame, and index among the people of that frame.
    pub(super) places: Vec<(usize, usize)>,
    /// Horizontal path in body heights.
    pub(super) path_heights: f64,
    /// Mean confidence of the points seen.
    pub(super) confidence: f64,
    /// Share of all frames in which they are seen.
    pub(super) share_seen: f64,
    /// Median height in pixels.
    pub(super) height_px: f64,
    score: f64,
}

/// What following needs to remember of a person.
struct Follower {
    id: Option<u64>,
    places: Vec<(usize, usize)>,
    last: Vec<Option<Point2<f64>>>,
    last_frame: usize,
    velocity_px: Vector2<f64>,
    size_px: f64,
}

/// Links detections into people: the nearest pairs of expected and detected place first.
///
/// An identity that the file gives overrides distance.
pub(super) fn follow(frames: &[Vec<Person>]) -> Vec<Vec<(usize, usize)>> {
    let mut followers: Vec<Follower> = Vec::new();
    let mut lost: Vec<Follower> = Vec::new();
    for (frame, people) in frames.iter().enumerate() {
        let (gone, kept): (Vec<_>, Vec<_>) = followers.into_iter().partition(|follower| {
            follower.id.is_none() && frame - follower.last_frame > LOST_AFTER_FRAMES
        });
        lost.extend(gone);
        followers = kept;
        let candidates = most_confident(people);
        let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
        for (f, follower) in followers.iter().enumerate() {
            for &p in &candidates {
                if let Some(cost) = follower.cost(&people[p], frame) {
                    pairs.push((cost, f, p));
                }
            }
        }
        pairs.sort_by(|a, b| {
            a.0.total_cmp(&b.0)
                .then_with(|| (a.1, a.2).cmp(&(b.1, b.2)))
        });
        let mut follower_taken = vec![false; followers.len()];
        let mut person_taken = vec![false; people.len()];
        for (_, f, p) in pairs {
            if !follower_taken[f] && !person_taken[p] {
                follower_taken[f] = true;
                person_taken[p] = true;
                followers[f].update(&people[p], frame, p);
            }
        }
        for &p in &candidates {
            if !person_taken[p] && people[p].points.iter().any(Option::is_some) {
                followers.push(Follower::new(&people[p], frame, p));
            }
        }
    }
    lost.extend(followers);
    lost.sort_by_key(|follower| follower.places.first().copied());
    lost.into_iter().map(|follower| follower.places).collect()
}

/// Indices of the people of a frame who are followed, in order.
fn most_confident(people: &[Person]) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..people.len()).collect();
    if people.len() > MOST_PEOPLE {
        let total = |index: usize| -> f64 {
            let seen = people[index].points.iter().flatten();
            seen.map(|point| point.confidence).sum()
        };
        let totals: Vec<f64> = indices.iter().map(|&index| total(index)).collect();
        indices.sort_by(|&a, &b| totals[b].total_cmp(&totals[a]).then(a.cmp(&b)));
        indices.truncate(MOST_PEOPLE);
        indices.sort_unstable();
    }
    indices
}

impl Follower {
    fn new(person: &Person, frame: usize, index: usize) -> Self {
        Self {
            id: person.id,
            places: vec![(frame, index)],
            last: positions(person),
            last_frame: frame,
            velocity_px: Vector2::zeros(),
            size_px: size_px(person),
        }
    }

    /// How far the detection is from where this person should be, in body sizes; `None` if it
    /// cannot be the same person.
    fn cost(&self, person: &Person, frame: usize) -> Option<f64> {
        if self.id.is_some() || person.id.is_some() {
            return (self.id == person.id).then_some(0.0);
        }
        let elapsed = (frame - self.last_frame) as f64;
        let expected_shift = self.velocity_px * elapsed;
        let mut distances: Vec<f64> = self
            .last
            .iter()
            .zip(&person.points)
            .filter_map(|(last, now)| {
                Some(nalgebra::distance(
                    &((*last)? + expected_shift),
                    &(*now)?.position_px,
                ))
            })
            .collect();
        if distances.len() < 3.min(self.last.len()) {
            return None;
        }
        let cost = median(&mut distances)? / self.size_px.max(1.0);
        let allowed =
            (LARGEST_MOVE + MOVE_PER_MISSED_FRAME * (elapsed - 1.0)).min(2.0 * LARGEST_MOVE);
        (cost <= allowed).then_some(cost)
    }

    fn update(&mut self, person: &Person, frame: usize, index: usize) {
        let elapsed = (frame - self.last_frame) as f64;
        let now = positions(person);
        let moved = |axis: usize| -> Option<f64> {
            let mut shifts: Vec<f64> = self
                .last
                .iter()
                .zip(&now)
                .filter_map(|(last, now)| Some((*now)?[axis] - (*last)?[axis]))
                .collect();
            median(&mut shifts)
        };
        if let (Some(dx), Some(dy)) = (moved(0), moved(1)) {
            let measured = Vector2::new(dx, dy) / elapsed;
            self.velocity_px = self.velocity_px * 0.7 + measured * 0.3;
        }
        for (last, now) in self.last.iter_mut().zip(now) {
            *last = now;
        }
        self.size_px = 0.8 * self.size_px + 0.2 * size_px(person);
        self.last_frame = frame;
        self.places.push((frame, index));
    }
}

fn positions(person: &Person) -> Vec<Option<Point2<f64>>> {
    let positions = person.points.iter();
    positions
        .map(|point| point.map(|point| point.position_px))
        .collect()
}

fn bounds(points: &[Option<Keypoint>], axis: usize) -> Option<(f64, f64)> {
    let values = points.iter().flatten().map(|point| point.position_px[axis]);
    values.fold(None, |range, value| {
        let (low, high) = range.unwrap_or((value, value));
        Some((f64::min(low, value), f64::max(high, value)))
    })
}

fn size_px(person: &Person) -> f64 {
    let extent = |axis| bounds(&person.points, axis).map_or(0.0, |(low, high)| high - low);
    extent(0).hypot(extent(1))
}

fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    Some(*values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

/// People who are seen long enough, the walker first.
///
/// The score is (1 + horizontal path in body heights) × mean confidence × share of frames seen ×
/// height against the tallest person. The path is summed over medians of 15 frames each, and only
/// moves beyond a tenth of the height count, so that jitter and arms do not walk.
pub(super) fn ranked(frames: &[Vec<Person>], places: Vec<Vec<(usize, usize)>>) -> Vec<Track> {
    let mut tracks: Vec<Track> = places
        .into_iter()
        .map(|places| measure(frames, places))
        .collect();
    let longest = tracks.iter().map(|track| track.places.len()).max();
    tracks.retain(|track| {
        let seen = track.places.len();
        Some(seen) == longest || (seen >= LEAST_FRAMES && track.share_seen >= LEAST_SHARE)
    });
    let tallest_px = tracks.iter().map(|t| t.height_px).fold(1.0, f64::max);
    for track in &mut tracks {
        track.score = (1.0 + track.path_heights)
            * track.confidence
            * track.share_seen
            * (track.height_px / tallest_px);
    }
    // Stable: of equal scores, the person who appears first.
    tracks.sort_by(|a, b| b.score.total_cmp(&a.score));
    tracks
}

fn measure(frames: &[Vec<Person>], places: Vec<(usize, usize)>) -> Track {
    const WINDOW: usize = 15;
    const STILL: f64 = 0.1;
    let people: Vec<&Person> = places.iter().map(|&(f, p)| &frames[f][p]).collect();
    let mut heights: Vec<f64> = people
        .iter()
        .filter_map(|person| bounds(&person.points, 1).map(|(low, high)| high - low))
        .collect();
    let height_px = median(&mut heights).unwrap_or(0.0).max(1.0);
    let centres_px: Vec<f64> = people
        .chunks(WINDOW)
        .filter_map(|window| {
            let mut centres: Vec<f64> = window
                .iter()
                .filter_map(|person| {
                    let mut xs: Vec<f64> = person
                        .points
                        .iter()
                        .flatten()
                        .map(|point| point.position_px.x)
                        .collect();
                    median(&mut xs)
                })
                .collect();
            median(&mut centres)
        })
        .collect();
    let path_heights = centres_px
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs() / height_px)
        .filter(|&moved| moved > STILL)
        .fold(0.0, |path, moved| path + moved);
    let confidences = people
        .iter()
        .flat_map(|person| person.points.iter().flatten());
    let (sum, count) = confidences.fold((0.0, 0_usize), |(sum, count), point| {
        (sum + point.confidence, count + 1)
    });
    Track {
        path_heights,
        confidence: sum / count.max(1) as f64,
        share_seen: places.len() as f64 / frames.len().max(1) as f64,
        height_px,
        places,
        score: 0.0,
    }
}

/// One sentence that says who was seen and who was read.
pub(super) fn describe(tracks: &[Track], chosen: usize) -> String {
    let each: Vec<String> = tracks
        .iter()
        .take(5)
        .enumerate()
        .map(|(index, track)| {
            format!(
                "{index}: seen in {:.0} % of frames, {:.1} body heights walked, {:.0} px tall",
                100.0 * track.share_seen,
                track.path_heights,
                track.height_px
            )
        })
        .collect();
    format!(
        "{} people were seen and person {chosen} was read ({}); pass --person N for another",
        tracks.len(),
        each.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(x: f64, y: f64) -> Person {
        let points = [0.0, 30.0, 60.0, 100.0];
        Person {
            id: None,
            points: points
                .iter()
                .map(|&down| super::super::detected(x, y + down, 0.9))
                .collect(),
        }
    }

    #[test]
    fn two_who_cross_are_told_apart_and_the_walker_is_chosen() {
        let frames: Vec<Vec<Person>> = (0..100)
            .map(|frame| {
                let walker = person(10.0 + 4.0 * f64::from(frame), 50.0);
                let bystander = person(200.0, 55.0);
                if frame % 2 == 0 {
                    vec![walker, bystander]
                } else {
                    vec![bystander, walker]
                }
            })
            .collect();
        let tracks = ranked(&frames, follow(&frames));
        assert_eq!(tracks.len(), 2);
        assert!(tracks[0].path_heights > 3.0 && tracks[1].path_heights < 0.1);
        for &(frame, index) in &tracks[0].places {
            assert_eq!(index, frame % 2, "frame {frame}");
        }
    }
}
