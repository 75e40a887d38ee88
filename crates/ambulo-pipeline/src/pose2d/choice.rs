//! Who of several people is the walker.

use ambulo::identity::sides::Sighting;
use nalgebra::Point2;
use serde::Serialize;

/// People seen in fewer frames than this, or in a smaller share of them, are not told of.
const LEAST_FRAMES: usize = 5;
const LEAST_SHARE: f64 = 0.02;
/// Time over which a place is the median of places, in seconds: jitter does not walk.
const WINDOW_S: f64 = 1.0;
/// Moves from window to window that count, in body heights.
const STILL: f64 = 0.1;
/// Focal length of an ordinary camera, as a share of the picture's longer side.
const FOCAL: f64 = 1.0;

/// A person who was seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeenPerson {
    /// Share of the frames that show them.
    pub share_seen: f64,
    /// When they are first and last seen, in seconds.
    pub between_s: [f64; 2],
    /// Path over the ground in body heights, to the side and to or from the camera.
    pub path_heights: f64,
    /// Mean confidence of their joints.
    pub confidence: f64,
    /// Median height in pixels.
    pub height_px: f64,
    /// Where they are first and last seen: the middle of the body in pixels.
    pub from_to_px: [[f64; 2]; 2],
    /// What the choice goes by: (1 + path) × confidence² × share of frames × √(height against the tallest).
    pub score: f64,
}

/// Measures everybody and orders them, the walker first. People who are hardly seen are left out.
pub(super) fn ranked(
    people: Vec<Vec<(usize, Sighting)>>,
    times_s: &[f64],
    picture_px: [u32; 2],
) -> Vec<(SeenPerson, Vec<(usize, Sighting)>)> {
    let longest = people.iter().map(Vec::len).max().unwrap_or(0);
    let frames = times_s.len().max(1);
    let mut seen: Vec<_> = people
        .into_iter()
        .filter(|person| {
            let count = person.len();
            let enough = count >= LEAST_FRAMES && count as f64 >= LEAST_SHARE * frames as f64;
            count > 0 && (enough || count == longest)
        })
        .map(|person| (measured(&person, times_s, picture_px), person))
        .collect();
    let tallest = seen.iter().map(|(p, _)| p.height_px).fold(1.0, f64::max);
    for (person, _) in &mut seen {
        person.score = (1.0 + person.path_heights)
            * person.confidence.powi(2)
            * person.share_seen
            * (person.height_px / tallest).sqrt();
    }
    // Stable: of equal scores, the one who was found first.
    seen.sort_by(|a, b| b.0.score.total_cmp(&a.0.score));
    seen
}

fn measured(person: &[(usize, Sighting)], times_s: &[f64], picture_px: [u32; 2]) -> SeenPerson {
    let focal_px = FOCAL * f64::from(picture_px[0].max(picture_px[1]));
    let places: Vec<(f64, Point2<f64>, f64)> = person
        .iter()
        .map(|(frame, seen)| (times_s[*frame], middle(seen), seen.size_px.max(1.0)))
        .collect();
    // Medians of windows: to the side and away from the camera, in body heights.
    let mut windows: Vec<[f64; 2]> = Vec::new();
    let mut start = 0;
    while start < places.len() {
        let end = start
            + places[start..]
                .iter()
                .take_while(|place| place.0 < places[start].0 + WINDOW_S)
                .count();
        let window = &places[start..end];
        let size = median(window.iter().map(|place| place.2));
        let x = median(window.iter().map(|place| place.1.x));
        windows.push([x / size, focal_px / size]);
        start = end;
    }
    let path_heights = windows
        .windows(2)
        .map(|pair| {
            // Sizes differ by poses too: such a share of the distance is nothing.
            let away = pair[1][1] - pair[0][1];
            let noise = 0.06 * pair[0][1];
            let away = away.signum() * (away.abs() - noise).max(0.0);
            (pair[1][0] - pair[0][0]).hypot(away)
        })
        .filter(|&moved| moved > STILL)
        .sum();
    let points = person
        .iter()
        .flat_map(|(_, seen)| seen.points.iter().flatten());
    let (sum, count) = points.fold((0.0, 0_usize), |(sum, count), point| {
        (sum + point.confidence, count + 1)
    });
    let at = |place: Option<&(f64, Point2<f64>, f64)>| {
        place.map_or([0.0; 2], |place| [place.1.x, place.1.y])
    };
    SeenPerson {
        share_seen: person.len() as f64 / times_s.len().max(1) as f64,
        between_s: [places.first(), places.last()].map(|place| place.map_or(0.0, |place| place.0)),
        path_heights,
        confidence: sum / count.max(1) as f64,
        height_px: median(places.iter().map(|place| place.2)),
        from_to_px: [at(places.first()), at(places.last())],
        score: 0.0,
    }
}

fn middle(seen: &Sighting) -> Point2<f64> {
    let along = |axis: usize| median(seen.points.iter().flatten().map(|p| p.position_px[axis]));
    Point2::new(along(0), along(1))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    if values.is_empty() {
        return 0.0;
    }
    let half = values.len() / 2;
    *values.select_nth_unstable_by(half, f64::total_cmp).1
}

/// Who was seen, who was taken, and why.
pub(super) fn describe(people: &[SeenPerson], chosen: usize) -> String {
    let one = |index: usize, person: &SeenPerson| {
        let [from, to] = person.from_to_px;
        format!(
            "{index}: seen in {:.0} % of the frames, {:.1} body heights walked, {:.0} px tall, from ({:.0}, \
             {:.0}) to ({:.0}, {:.0})",
            100.0 * person.share_seen,
            person.path_heights,
            person.height_px,
            from[0],
            from[1],
            to[0],
            to[1]
        )
    };
    match people {
        [] => "Nobody was seen.".to_owned(),
        [_] => "One person was seen.".to_owned(),
        several => {
            let each: Vec<String> = several
                .iter()
                .take(5)
                .enumerate()
                .map(|(index, person)| one(index, person))
                .collect();
            let why = if chosen == 0 {
                "who walks farthest, is seen longest, largest and most clearly"
            } else {
                "as asked for"
            };
            format!(
                "{} people were seen and person {chosen} was taken, {why} ({}); pass --person N for another.",
                several.len(),
                each.join("; ")
            )
        }
    }
}
