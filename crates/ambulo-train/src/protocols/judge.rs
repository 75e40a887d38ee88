//! Runs a network over whole takes and measures it.

use ambulo::metrics::MetricError;
use ambulo::metrics::pose3d::{CorrectJoints, JointSet, PosePair};
use ambulo::synth::SeededRng;
use nalgebra::Point3;

use super::scores::{Errors, Scores, TakeScore};
use crate::batch::Lift;
use crate::datasets::layout::MPI_17;
use crate::datasets::takes::{Take, Takes, narrow};

/// Which frames of its input a network answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// All: a take is cut into clips from its first frame on, and the last clip is its last frames. A
    /// shorter take is filled up with its last frame.
    Every,
    /// The centre frame: one window a frame, both ends of the take repeated.
    Centre,
}

/// What happens to the root of an answer before it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootJoint {
    /// It is measured as answered (Human3.6M, HumanEva).
    Answered,
    /// It is set to zero, where the truth has it (MPI-INF-3DHP).
    Zeroed,
}

/// Whether an answer is averaged with that of the mirrored input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mirroring {
    /// Averaged, as all papers do.
    Averaged,
    /// The plain answer alone.
    Off,
}

/// How takes are judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judging {
    /// Frames of one input.
    pub frames: usize,
    /// Which of them are answered.
    pub answers: Answers,
    /// The root.
    pub root: RootJoint,
    /// The mirrored input.
    pub mirroring: Mirroring,
    /// Standard deviation of Gaussian noise on the input, in its own coordinates, where the image is
    /// 2 wide. 0 for none.
    pub noise_sd: f64,
    /// Seed of the noise.
    pub noise_seed: u64,
}

/// Inputs given to the network at once.
const BATCH_FRAMES: usize = 2048;

const MM_PER_M: f64 = 1000.0;

/// Judges a network on takes.
///
/// # Errors
///
/// [`MetricError`] if an answer is not finite or has another length than the protocol's.
pub fn judge(takes: &Takes, judging: &Judging, lift: &mut Lift<'_>) -> Result<Scores, MetricError> {
    let mut scores = Scores::default();
    for (index, take) in takes.takes.iter().enumerate() {
        if take.frames(takes.input.joints()) > 0 {
            scores.takes.push(judge_take(takes, index, judging, lift)?);
        }
    }
    Ok(scores)
}

/// Answers of a network over one take, with the frame each belongs to.
struct Answered {
    /// Frames of the take, in the order of the answers.
    frames: Vec<usize>,
    /// Which answers are of frames that exist, rather than of a filled-up end.
    real: Vec<bool>,
    /// `[answers, joints]`.
    positions_mm: Vec<Point3<f64>>,
}

fn judge_take(
    takes: &Takes,
    index: usize,
    judging: &Judging,
    lift: &mut Lift<'_>,
) -> Result<TakeScore, MetricError> {
    let take = &takes.takes[index];
    let joints = takes.output.joints();
    let total = take.frames(takes.input.joints());
    let truth_mm = truth_mm(takes, take, total);
    let answered = answer(takes, index, total, judging, lift)?;

    let reference_mm: Vec<_> = answered
        .frames
        .iter()
        .flat_map(|&frame| &truth_mm[frame * joints..][..joints])
        .copied()
        .collect();
    let counts = |frame: usize| take.valid.as_ref().is_none_or(|valid| valid[frame]);
    let kept: Vec<bool> = answered.frames.iter().map(|&frame| counts(frame)).collect();
    let upstream = Errors::of(joints, &answered.positions_mm, &reference_mm, &kept)?;

    let unique_mm = answered.once_a_frame(total, joints);
    let kept: Vec<bool> = (0..total).map(counts).collect();
    let unique = Errors::of(joints, &unique_mm, &truth_mm, &kept)?;
    let correct = if takes.output == MPI_17 && unique.is_some() {
        let (predicted, reference) = (
            keep_frames(joints, &unique_mm, &kept),
            keep_frames(joints, &truth_mm, &kept),
        );
        let pair = PosePair::new(joints, &predicted, &reference)?;
        Some([
            CorrectJoints::of(&pair, JointSet::Official14)?,
            CorrectJoints::of(&pair, JointSet::Mmpose17)?,
        ])
    } else {
        None
    };
    Ok(TakeScore {
        subject: take.subject.clone(),
        name: take.name.clone(),
        camera: take.camera.clone(),
        upstream,
        unique,
        correct,
    })
}

/// The frames to keep, `[frames, joints]`.
pub(super) fn keep_frames(
    joints: usize,
    positions: &[Point3<f64>],
    kept: &[bool],
) -> Vec<Point3<f64>> {
    positions
        .chunks_exact(joints)
        .zip(kept)
        .filter(|&(_, &kept)| kept)
        .flat_map(|(frame, _)| frame.iter().copied())
        .collect()
}

fn truth_mm(takes: &Takes, take: &Take, total: usize) -> Vec<Point3<f64>> {
    let mut row = vec![0.0; takes.output.joints() * 3];
    let mut truth_mm = Vec::with_capacity(total * takes.output.joints());
    for frame in 0..total {
        take.write_target(frame, takes.output.root, &mut row);
        truth_mm.extend(row.chunks_exact(3).map(point_mm));
    }
    truth_mm
}

fn point_mm(point: &[f32]) -> Point3<f64> {
    let at = |axis: usize| f64::from(point[axis]) * MM_PER_M;
    Point3::new(at(0), at(1), at(2))
}

/// First frames of the inputs; negative ones lie before the take.
fn starts(total: usize, judging: &Judging) -> Vec<isize> {
    let signed = |number: usize| isize::try_from(number).unwrap_or(isize::MAX);
    match judging.answers {
        Answers::Centre => (0..total)
            .map(|frame| signed(frame) - signed(judging.frames / 2))
            .collect(),
        Answers::Every => {
            let length = judging.frames.max(1);
            let last = total.saturating_sub(length);
            (0..total.div_ceil(length))
                .map(|clip| signed((clip * length).min(last)))
                .collect()
        }
    }
}

fn answer(
    takes: &Takes,
    index: usize,
    total: usize,
    judging: &Judging,
    lift: &mut Lift<'_>,
) -> Result<Answered, MetricError> {
    let take = &takes.takes[index];
    let keypoints = noisy(take, index, judging);
    let starts = starts(total, judging);
    let clip = match judging.answers {
        Answers::Every => judging.frames,
        Answers::Centre => 1,
    };
    let row = takes.input.joints() * 2;
    let mut answered = Answered {
        frames: Vec::new(),
        real: Vec::new(),
        positions_mm: Vec::new(),
    };
    for batch in starts.chunks((BATCH_FRAMES / judging.frames.max(1)).max(1)) {
        let mut input = Vec::with_capacity(batch.len() * judging.frames * row);
        for &start in batch {
            for offset in 0..judging.frames {
                let frame = start.saturating_add_unsigned(offset);
                let frame = usize::try_from(frame).unwrap_or(0).min(total - 1);
                input.extend_from_slice(&keypoints[frame * row..][..row]);
            }
            for offset in 0..clip {
                let frame = match judging.answers {
                    Answers::Every => usize::try_from(start).unwrap_or(0) + offset,
                    Answers::Centre => {
                        usize::try_from(start.saturating_add_unsigned(judging.frames / 2))
                            .unwrap_or(0)
                    }
                };
                answered.real.push(frame < total);
                answered.frames.push(frame.min(total - 1));
            }
        }
        let output = both_ways(takes, judging, &input, batch.len(), lift)?;
        answered
            .positions_mm
            .extend(output.chunks_exact(3).map(point_mm));
    }
    if judging.root == RootJoint::Zeroed {
        for frame in answered
            .positions_mm
            .chunks_exact_mut(takes.output.joints())
        {
            frame[takes.output.root] = Point3::origin();
        }
    }
    Ok(answered)
}

/// The network's answer, averaged with that of the mirror image where that is wanted.
fn both_ways(
    takes: &Takes,
    judging: &Judging,
    input: &[f32],
    count: usize,
    lift: &mut Lift<'_>,
) -> Result<Vec<f32>, MetricError> {
    let frames_out = match judging.answers {
        Answers::Every => judging.frames,
        Answers::Centre => 1,
    };
    let expected = count * frames_out * takes.output.joints() * 3;
    let mut checked = |input: &[f32]| {
        let output = lift(input, count);
        if output.len() == expected {
            Ok(output)
        } else {
            Err(MetricError::LengthMismatch {
                predicted: output.len(),
                reference: expected,
            })
        }
    };
    let mut output = checked(input)?;
    if judging.mirroring == Mirroring::Averaged {
        let mirrored = checked(&takes.input.mirrored(input, 2))?;
        for (plain, back) in output.iter_mut().zip(takes.output.mirrored(&mirrored, 3)) {
            *plain = f32::midpoint(*plain, back);
        }
    }
    Ok(output)
}

fn noisy(take: &Take, index: usize, judging: &Judging) -> Vec<f32> {
    let mut keypoints = take.keypoints.clone();
    if judging.noise_sd > 0.0 {
        let mut rng = SeededRng::new(judging.noise_seed.wrapping_add(index as u64));
        for coordinate in &mut keypoints {
            *coordinate += narrow(judging.noise_sd * rng.normal());
        }
    }
    keypoints
}

impl Answered {
    /// One pose a frame: the mean of its answers; answers past the end are dropped.
    fn once_a_frame(&self, total: usize, joints: usize) -> Vec<Point3<f64>> {
        let mut sums = vec![Point3::origin(); total * joints];
        let mut counts = vec![0_u32; total];
        for ((&frame, &real), pose) in self
            .frames
            .iter()
            .zip(&self.real)
            .zip(self.positions_mm.chunks_exact(joints))
        {
            if real {
                counts[frame] += 1;
                for (sum, point) in sums[frame * joints..].iter_mut().zip(pose) {
                    *sum += point.coords;
                }
            }
        }
        for (pose, &count) in sums.chunks_exact_mut(joints).zip(&counts) {
            for point in pose {
                *point /= f64::from(count.max(1));
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::datasets::layout::HUMANEVA_15;
    use crate::protocols::scores::Counting;

    /// A take in which every joint but the root stands at x = frame, in metres.
    fn takes(frames: usize) -> Takes {
        let place = |channels: usize| -> Vec<f32> {
            (0..frames * 15 * channels)
                .map(|at| {
                    let (frame, rest) = (at / (15 * channels), at % (15 * channels));
                    if rest >= channels && rest % channels == 0 {
                        frame as f32
                    } else {
                        0.0
                    }
                })
                .collect()
        };
        Takes {
            input: HUMANEVA_15,
            output: HUMANEVA_15,
            rate_hz: Some(60.0),
            takes: vec![Take {
                subject: "S1".to_owned(),
                name: "Walking 1".to_owned(),
                camera: "a".to_owned(),
                keypoints: place(2),
                positions_m: Arc::from(place(3)),
                camera_from_world: None,
                valid: None,
            }],
        }
    }

    fn judging(frames: usize, answers: Answers) -> Judging {
        Judging {
            frames,
            answers,
            root: RootJoint::Answered,
            mirroring: Mirroring::Averaged,
            noise_sd: 0.0,
            noise_seed: 0,
        }
    }

    /// Answers x = the keypoint's x and then `error(offset in the clip)` metres up.
    fn lift_with(
        frames: usize,
        error: impl Fn(usize) -> f32,
    ) -> impl FnMut(&[f32], usize) -> Vec<f32> {
        move |input, _| {
            input
                .chunks_exact(2)
                .enumerate()
                .flat_map(|(at, p)| [p[0], error(at / 15 % frames), 0.0])
                .collect()
        }
    }

    #[test]
    fn overlapped_frames_count_twice_upstream_and_once_averaged_here() {
        // 5 frames in clips of 3: 0–2 and 2–4. Only the first frame of a clip is wrong, by 1 m.
        let mut lift = lift_with(3, |offset| if offset == 0 { 1.0 } else { 0.0 });
        let scores = judge(&takes(5), &judging(3, Answers::Every), &mut lift).unwrap();
        let upstream = scores.takes[0].upstream.unwrap();
        assert_eq!(upstream.frames, 6);
        assert!((upstream.mpjpe_mm - 2000.0 / 6.0).abs() < 1e-9);
        let unique = scores.takes[0].unique.unwrap();
        assert_eq!(unique.frames, 5);
        // Frame 0 is 1 m off, frame 2 half of it: its other answer is right.
        assert!((unique.mpjpe_mm - 1500.0 / 5.0).abs() < 1e-9);
        // Errors 1, 0, 0 | 1, 0, 0 change by 1, 0, 1, 1, 0; averaged 1, 0, 0.5, 0, 0 by 1, .5, .5, 0.
        assert!((upstream.mpjve_mm.unwrap() - 600.0).abs() < 1e-9);
        assert!((unique.mpjve_mm.unwrap() - 500.0).abs() < 1e-9);
    }

    #[test]
    fn a_short_take_is_filled_up_and_the_filling_counts_upstream_only() {
        let mut lift = lift_with(4, |offset| if offset >= 2 { 1.0 } else { 0.0 });
        let scores = judge(&takes(2), &judging(4, Answers::Every), &mut lift).unwrap();
        assert_eq!(scores.takes[0].upstream.unwrap().frames, 4);
        assert!((scores.takes[0].upstream.unwrap().mpjpe_mm - 500.0).abs() < 1e-9);
        assert_eq!(scores.takes[0].unique.unwrap().frames, 2);
        assert!(scores.takes[0].unique.unwrap().mpjpe_mm < 1e-9);
    }

    #[test]
    fn a_network_of_the_centre_frame_answers_each_frame_once() {
        let mut seen = Vec::new();
        let mut lift = |input: &[f32], count: usize| -> Vec<f32> {
            for window in input.chunks_exact(3 * 30) {
                seen.push([window[2].abs(), window[32].abs(), window[62].abs()]);
            }
            let centres = input.chunks_exact(3 * 30).flat_map(|w| w[30..60].to_vec());
            let points: Vec<f32> = centres.collect();
            assert_eq!(points.len(), count * 30);
            points
                .chunks_exact(2)
                .flat_map(|p| [p[0], p[1], 0.0])
                .collect()
        };
        let scores = judge(&takes(4), &judging(3, Answers::Centre), &mut lift).unwrap();
        let score = &scores.takes[0];
        assert_eq!(score.upstream, score.unique);
        assert!(score.unique.unwrap().mpjpe_mm < 1e-9);
        assert_eq!(
            seen[..4],
            [[0., 0., 1.], [0., 1., 2.], [1., 2., 3.], [2., 3., 3.]]
        );
        let table = scores.table(
            Counting::Unique,
            |take| take.name.clone(),
            |errors| Some(errors.mpjpe_mm),
        );
        assert_eq!(table.action("Walking").unwrap().frames, 4);
    }

    #[test]
    fn a_bias_to_one_side_is_averaged_away() {
        // Always half a metre to positive x, whichever way the image is turned.
        let mut lift = |input: &[f32], _: usize| -> Vec<f32> {
            input
                .chunks_exact(2)
                .flat_map(|p| [p[0] + 0.5, 0.0, 0.0])
                .collect()
        };
        let averaged = judge(&takes(6), &judging(3, Answers::Every), &mut lift).unwrap();
        assert!(averaged.takes[0].unique.unwrap().mpjpe_mm < 1e-3);
        let plain = Judging {
            mirroring: Mirroring::Off,
            ..judging(3, Answers::Every)
        };
        let plain = judge(&takes(6), &plain, &mut lift).unwrap();
        assert!((plain.takes[0].unique.unwrap().mpjpe_mm - 500.0).abs() < 1e-3);
        // The root is answered half a metre off as well; zeroed, 14 of 15 joints are wrong.
        let zeroed = Judging {
            mirroring: Mirroring::Off,
            root: RootJoint::Zeroed,
            ..judging(3, Answers::Every)
        };
        let zeroed = judge(&takes(6), &zeroed, &mut lift).unwrap();
        let expected = 500.0 * 14.0 / 15.0;
        assert!((zeroed.takes[0].unique.unwrap().mpjpe_mm - expected).abs() < 1e-3);
    }

    #[test]
    fn frames_that_do_not_count_are_left_out_but_seen() {
        let mut takes = takes(4);
        takes.takes[0].valid = Some(vec![true, false, false, true]);
        let mut lift = lift_with(4, |offset| [0.1, 9.0, 9.0, 0.3][offset]);
        let scores = judge(&takes, &judging(4, Answers::Every), &mut lift).unwrap();
        let unique = scores.takes[0].unique.unwrap();
        assert_eq!((unique.frames, unique.mpjve_mm), (2, None));
        assert!((unique.mpjpe_mm - 200.0).abs() < 1e-3);
        takes.takes[0].valid = Some(vec![false; 4]);
        let none = judge(&takes, &judging(4, Answers::Every), &mut lift).unwrap();
        assert_eq!(none.takes[0].unique, None);
    }

    #[test]
    fn noise_has_the_standard_deviation_asked_for_and_is_the_same_each_time() {
        let mut squares = 0.0;
        let mut count = 0;
        let mut judging = judging(200, Answers::Every);
        judging.noise_sd = 0.02;
        let mut lift = |input: &[f32], _: usize| -> Vec<f32> {
            for p in input.chunks_exact(2) {
                squares += f64::from(p[1] * p[1]);
                count += 1;
            }
            input
                .chunks_exact(2)
                .flat_map(|p| [p[0], p[1], 0.0])
                .collect()
        };
        let first = judge(&takes(200), &judging, &mut lift).unwrap();
        let again = judge(&takes(200), &judging, &mut lift).unwrap();
        assert_eq!(first, again);
        let sd = (squares / f64::from(count)).sqrt();
        assert!((sd - 0.02).abs() < 5e-4, "{sd}");
    }

    #[test]
    fn an_answer_of_another_length_is_refused() {
        let mut lift = |_: &[f32], _: usize| vec![0.0; 3];
        assert!(judge(&takes(6), &judging(3, Answers::Every), &mut lift).is_err());
    }
}
