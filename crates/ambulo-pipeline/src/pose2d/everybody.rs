//! Where everybody was, also those who were hardly seen: their faces are hidden with the walker's.

use ambulo::identity::sides::Sighting;
use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::skeleton::COCO_23;
use ambulo::time::TimeBase;

/// Everybody's keypoints as the network gave them. People who are not there at the same time share a
/// recording, so that there are as many as people at once.
pub(super) fn everybody(
    people: &[Vec<(usize, Sighting)>],
    time: &TimeBase,
    picture_px: [u32; 2],
) -> Vec<Keypoints2d> {
    let joints = COCO_23.joints;
    let mut people: Vec<&[(usize, Sighting)]> = people
        .iter()
        .map(Vec::as_slice)
        .filter(|person| !person.is_empty())
        .collect();
    people.sort_by_key(|person| person[0].0);
    // The frame after the last one taken, and the points.
    let mut layers: Vec<(usize, Vec<Option<Keypoint>>)> = Vec::new();
    for person in people {
        let first = person[0].0;
        let free = layers.iter().position(|(until, _)| *until <= first);
        let layer = free.unwrap_or_else(|| {
            layers.push((0, vec![None; time.frames() * joints.len()]));
            layers.len() - 1
        });
        let (until, points) = &mut layers[layer];
        for (frame, seen) in person {
            let start = frame * joints.len();
            let Some(row) = points.get_mut(start..start + joints.len()) else {
                continue;
            };
            for (place, point) in row.iter_mut().zip(&seen.points) {
                *place = *point;
            }
            *until = frame + 1;
        }
    }
    layers
        .into_iter()
        .filter_map(|(_, points)| {
            // Points that are no numbers hide nobody.
            Keypoints2d::new(joints.to_vec(), time.clone(), Some(picture_px), points).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Point2;

    fn person(frames: std::ops::Range<usize>, x: f64) -> Vec<(usize, Sighting)> {
        let point = Keypoint {
            position_px: Point2::new(x, 50.0),
            confidence: 0.6,
        };
        let seen = Sighting {
            points: vec![Some(point); 17],
            pairs: Vec::new(),
            size_px: 100.0,
        };
        frames.map(|frame| (frame, seen.clone())).collect()
    }

    #[test]
    fn people_at_different_times_share_a_recording_and_nobody_is_left_out() {
        let people = [
            person(5..9, 30.0),
            person(0..5, 10.0),
            person(2..10, 20.0),
            Vec::new(),
        ];
        let time = TimeBase::uniform(10, 25.0).unwrap();
        let layers = everybody(&people, &time, [640, 480]);
        let x_of = |layer: usize, frame: usize| {
            layers[layer].frame(frame)[0].map(|point| point.position_px.x)
        };
        assert_eq!(layers.len(), 2);
        assert_eq!(
            (x_of(0, 4), x_of(0, 5), x_of(0, 9)),
            (Some(10.0), Some(30.0), None)
        );
        assert_eq!((x_of(1, 1), x_of(1, 9)), (None, Some(20.0)));
    }
}
