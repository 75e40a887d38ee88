//! Markers of one rigid segment that stand in for each other where one is hidden for long.

use std::collections::BTreeMap;

use ambulo::Side;
use ambulo::skeleton::{Joint, on};
use nalgebra::{Matrix3, Point3, Vector3};

/// Markers by name, a place a frame.
pub(super) type Markers = BTreeMap<Joint, Vec<Option<Point3<f64>>>>;

/// Markers that must be seen for a hidden one to be placed.
const FEWEST: usize = 3;
/// Seen markers whose second spread is below this share of their first lie on a line.
const ON_A_LINE: f64 = 0.1;

/// Places markers that a frame lacks where at least three others of their segment are seen: the segment's
/// mean shape is laid over those.
pub(super) fn complete(markers: &mut Markers) {
    for segment in segments() {
        let members: Vec<Joint> = segment
            .into_iter()
            .filter(|j| markers.contains_key(j))
            .collect();
        if members.len() > FEWEST {
            complete_segment(markers, &members);
        }
    }
}

fn segments() -> Vec<Vec<Joint>> {
    let mut segments = vec![
        vec![
            Joint::LeftAsis,
            Joint::RightAsis,
            Joint::LeftPsis,
            Joint::RightPsis,
            Joint::Sacrum,
        ],
        vec![Joint::C7, Joint::T10, Joint::Jugular, Joint::Xiphoid],
        vec![
            Joint::LeftFrontHead,
            Joint::RightFrontHead,
            Joint::LeftBackHead,
            Joint::RightBackHead,
        ],
    ];
    for side in Side::BOTH {
        segments.push(vec![
            on::trochanter(side),
            on::thigh_wand(side),
            on::lateral_knee(side),
            on::medial_knee(side),
        ]);
        segments.push(vec![
            on::shank_wand(side),
            on::lateral_malleolus(side),
            on::medial_malleolus(side),
            on::heel(side),
        ]);
        segments.push(vec![
            on::heel(side),
            on::toe(side),
            on::first_metatarsal(side),
            on::fifth_metatarsal(side),
        ]);
    }
    segments
}

fn complete_segment(markers: &mut Markers, members: &[Joint]) {
    let frames = members.iter().map(|j| markers[j].len()).min().unwrap_or(0);
    let at = |markers: &Markers, frame: usize| -> Vec<Option<Point3<f64>>> {
        members.iter().map(|joint| markers[joint][frame]).collect()
    };
    // The shape is that of the first frame that shows all, refined by no other: skin moves little.
    let Some(shape) = (0..frames)
        .map(|frame| at(markers, frame))
        .find_map(|places| places.into_iter().collect::<Option<Vec<_>>>())
    else {
        return;
    };
    for frame in 0..frames {
        let places = at(markers, frame);
        if places.iter().all(Option::is_some) {
            continue;
        }
        let pairs: Vec<(Point3<f64>, Point3<f64>)> = shape
            .iter()
            .zip(&places)
            .filter_map(|(own, place)| Some((*own, (*place)?)))
            .collect();
        let Some(laid) = laid_over(&pairs) else {
            continue;
        };
        for ((joint, own), place) in members.iter().zip(&shape).zip(&places) {
            if let (None, Some(track)) = (place, markers.get_mut(joint)) {
                track[frame] = Some(laid(*own));
            }
        }
    }
}

/// The rigid movement that brings the first of each pair nearest to the second; `None` for fewer than three
/// or where they lie on a line.
fn laid_over(pairs: &[(Point3<f64>, Point3<f64>)]) -> Option<impl Fn(Point3<f64>) -> Point3<f64>> {
    if pairs.len() < FEWEST {
        return None;
    }
    let count = pairs.len() as f64;
    let from: Vector3<f64> = pairs.iter().map(|(a, _)| a.coords).sum::<Vector3<f64>>() / count;
    let to: Vector3<f64> = pairs.iter().map(|(_, b)| b.coords).sum::<Vector3<f64>>() / count;
    let cross: Matrix3<f64> = pairs
        .iter()
        .map(|(a, b)| (b.coords - to) * (a.coords - from).transpose())
        .sum();
    let svd = cross.svd(true, true);
    let spread = svd.singular_values;
    let (largest, least) = (spread.max(), spread.min());
    if spread.sum() - largest - least < ON_A_LINE * ON_A_LINE * largest {
        return None;
    }
    let (u, v_t) = (svd.u?, svd.v_t?);
    // Singular values come in descending order; the last axis is the one that may be turned over.
    let handed = (u * v_t).determinant().signum();
    let rotation = u * Matrix3::from_diagonal(&Vector3::new(1.0, 1.0, handed)) * v_t;
    Some(move |own: Point3<f64>| Point3::from(rotation * (own.coords - from) + to))
}
