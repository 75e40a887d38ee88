//! A lifter that is a network with its weights.

use ambulo::keypoints::Keypoints2d;
use ambulo::motion::Motion3d;
use ambulo::skeleton::{Joint, LIFT_21};
use ambulo_nn::codec::lift::{AnsweredFrames, LiftCodec, LiftError, LiftStream};
use ambulo_nn::networks::Network;
use ambulo_nn::threads::Threads;
use ambulo_nn::weights::{self, Weights};
use nalgebra::Point3;

use super::{Identity, Lifter, LifterChoice, LiftingError, WindowChoice};

/// A network with its weights and the settings of its codec.
#[derive(Debug)]
pub struct NetworkLifter {
    identity: Identity,
    codec: LiftCodec,
    window: WindowChoice,
    network: Network,
}

/// The lifter of a weights file.
///
/// # Errors
///
/// [`LiftingError`] if the file is none, of another network than `choice` names, or has no codec.
pub fn load(
    bytes: &[u8],
    choice: LifterChoice,
    window: WindowChoice,
) -> Result<NetworkLifter, LiftingError> {
    let weights =
        Weights::from_bytes(bytes).map_err(|error| LiftingError::Weights(error.to_string()))?;
    let found = weights.config().model();
    let is_wanted = match choice {
        LifterChoice::Auto | LifterChoice::None => true,
        LifterChoice::Rtpca => found != "convformer",
        LifterChoice::Convformer => found == "convformer",
    };
    if !is_wanted {
        return Err(LiftingError::OtherNetwork {
            wanted: choice,
            found: found.to_owned(),
        });
    }
    NetworkLifter::new(&weights, window)
}

/// The lifter that comes with the program, if one does: for `auto` the first.
///
/// # Errors
///
/// [`LiftingError::Weights`] if the program was built with damaged weights.
pub fn shipped(
    choice: LifterChoice,
    window: WindowChoice,
) -> Result<Option<NetworkLifter>, LiftingError> {
    let wanted = match choice {
        LifterChoice::Auto => "lifter",
        LifterChoice::None => return Ok(None),
        LifterChoice::Rtpca => "lifter_rtpca",
        LifterChoice::Convformer => "lifter_convformer",
    };
    weights::shipped()
        .iter()
        .find(|shipped| shipped.id.starts_with(wanted))
        .map(|shipped| load(shipped.bytes, choice, window))
        .transpose()
}

/// Key of the codec's settings among a file's notes.
const CODEC: &str = "codec";
/// A longer recording is lifted in parts of this length, so that memory stays flat.
const PART_S: f64 = 60.0;
/// What a part sees beyond its ends: the filters and the network's window reach that far.
const MARGIN_S: f64 = 4.0;
/// Time over which one part passes into the next.
const BLEND_S: f64 = 1.0;
/// A joint must be seen in this share of the frames, or the network only guesses it.
const LEAST_SEEN: f64 = 0.5;

impl NetworkLifter {
    /// A lifter of weights that were read.
    ///
    /// # Errors
    ///
    /// [`LiftingError`] if the weights hold no codec, do not fit it, or cannot do what `window` asks.
    pub fn new(weights: &Weights, window: WindowChoice) -> Result<Self, LiftingError> {
        let unusable = |why: String| LiftingError::Weights(why);
        let codec = weights.info().notes.get(CODEC).ok_or_else(|| {
            unusable(
                "the file does not say how keypoints become windows (no codec in its notes)"
                    .to_owned(),
            )
        })?;
        let codec: LiftCodec = serde_json::from_str(codec)
            .map_err(|error| unusable(format!("its codec is not valid: {error}")))?;
        let config = weights.config();
        let (input, output) = (config.input_shape(), config.output_shape());
        if input.iter().product::<usize>() != codec.input_len()
            || output.iter().product::<usize>() != codec.output_len()
        {
            return Err(unusable(format!(
                "the network takes {input:?} and gives {output:?}, which its codec does not fit"
            )));
        }
        let network = config.model().to_owned();
        if window == WindowChoice::Causal && codec.answers == AnsweredFrames::Centre {
            return Err(LiftingError::NeedsFuture { network });
        }
        let info = weights.info();
        let identity = Identity {
            name: format!("{} {}", info.id, info.version).trim().to_owned(),
            network,
            weights_sha256: weights.sha256().map(str::to_owned),
        };
        let network = Network::from_weights(config, weights.tensors(), Threads::default())
            .map_err(|error| unusable(error.to_string()))?;
        Ok(Self {
            identity,
            codec,
            window,
            network,
        })
    }

    /// Settings of its codec.
    pub fn codec(&self) -> &LiftCodec {
        &self.codec
    }
}

impl Lifter for NetworkLifter {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn lift(&mut self, keypoints: &Keypoints2d) -> Result<Motion3d, LiftingError> {
        let network = &mut self.network;
        let mut forward = |input: &[f32], batch: usize| network.forward(input, batch);
        match self.window {
            WindowChoice::Centre => in_parts(&self.codec, keypoints, &mut forward),
            WindowChoice::Causal => just_now(&self.codec, keypoints, &mut forward),
        }
    }
}

/// Lifts a recording part by part: memory beyond input and output does not grow with its length.
///
/// # Errors
///
/// [`LiftingError::Network`] if nobody is seen or the network fails.
pub(super) fn in_parts<E: std::error::Error>(
    codec: &LiftCodec,
    keypoints: &Keypoints2d,
    network: &mut impl FnMut(&[f32], usize) -> Result<Vec<f32>, E>,
) -> Result<Motion3d, LiftingError> {
    let times_s = keypoints.time().times_s();
    let mut made = Made::new(keypoints);
    let duration_s = keypoints.time().duration_s();
    let mut start_s = 0.0;
    loop {
        let end_s = if duration_s - start_s < 1.5 * PART_S {
            f64::INFINITY
        } else {
            start_s + PART_S
        };
        let wide = times_s.partition_point(|&t| t < start_s - MARGIN_S)
            ..times_s.partition_point(|&t| t < end_s + MARGIN_S);
        match codec.lift(&keypoints.cut(wide.clone()), 1.0, &mut *network) {
            Ok(lifted) => made.take(times_s, &lifted.motion, wide.start, start_s..end_s),
            Err(LiftError::NothingSeen) => {}
            Err(error) => return Err(failed(&error)),
        }
        if end_s.is_infinite() {
            break;
        }
        start_s = end_s;
    }
    made.motion(keypoints)
}

/// Lifts as if each frame were the last that was filmed.
fn just_now<E: std::error::Error>(
    codec: &LiftCodec,
    keypoints: &Keypoints2d,
    network: &mut impl FnMut(&[f32], usize) -> Result<Vec<f32>, E>,
) -> Result<Motion3d, LiftingError> {
    let mut made = Made::new(keypoints);
    let mut stream = LiftStream::causal(
        *codec,
        keypoints.joints().to_vec(),
        keypoints.image_size_px(),
    );
    for (frame, &time_s) in keypoints.time().times_s().iter().enumerate() {
        let poses = stream
            .push(time_s, keypoints.frame(frame), &mut *network)
            .map_err(|error| failed(&error))?;
        for pose in poses {
            made.set(frame, |joint| {
                pose.joints.map(|joints| Point3::from(joints[joint]))
            });
        }
    }
    made.motion(keypoints)
}

fn failed<E: std::error::Error>(error: &LiftError<E>) -> LiftingError {
    LiftingError::Network(match error {
        LiftError::Network(source) => format!("{error}: {source}"),
        other => other.to_string(),
    })
}

/// The motion as it grows.
struct Made {
    /// Which of the network's joints are kept: those that were seen.
    kept: Vec<usize>,
    positions: Vec<Option<Point3<f64>>>,
}

impl Made {
    fn new(keypoints: &Keypoints2d) -> Self {
        let kept: Vec<usize> = (0..LIFT_21.joints.len())
            .filter(|&joint| is_seen(keypoints, LIFT_21.joints[joint]))
            .collect();
        Self {
            positions: vec![None; keypoints.frames() * kept.len()],
            kept,
        }
    }

    fn set(&mut self, frame: usize, place: impl Fn(usize) -> Option<Point3<f64>>) {
        let width = self.kept.len();
        let row = &mut self.positions[frame * width..][..width];
        for (slot, &joint) in row.iter_mut().zip(&self.kept) {
            *slot = place(joint);
        }
    }

    /// Takes a part's frames, from half a blend before its span to half a blend after; what the part
    /// before it gave fades out.
    fn take(
        &mut self,
        times_s: &[f64],
        part: &Motion3d,
        first: usize,
        span_s: std::ops::Range<f64>,
    ) {
        for index in 0..part.frames() {
            let frame = first + index;
            let since_s = times_s[frame] - (span_s.start - BLEND_S / 2.0);
            if since_s < 0.0 || times_s[frame] > span_s.end + BLEND_S / 2.0 {
                continue;
            }
            let share = (since_s / BLEND_S).clamp(0.0, 1.0);
            let width = self.kept.len();
            let row = &mut self.positions[frame * width..][..width];
            for (slot, &joint) in row.iter_mut().zip(&self.kept) {
                *slot = match (*slot, part.frame(index)[joint]) {
                    (Some(old), Some(new)) => Some(old + (new - old) * share),
                    (old, new) => new.or(old),
                };
            }
        }
    }

    fn motion(self, keypoints: &Keypoints2d) -> Result<Motion3d, LiftingError> {
        if self.positions.iter().all(Option::is_none) {
            return Err(failed(&LiftError::<std::convert::Infallible>::NothingSeen));
        }
        let joints = self.kept.iter().map(|&joint| LIFT_21.joints[joint]);
        Motion3d::new(joints.collect(), keypoints.time().clone(), self.positions)
            .map_err(|error| LiftingError::Network(error.to_string()))
    }
}

/// Whether the keypoints show a joint of the lifter often enough for its place to be more than a guess.
fn is_seen(keypoints: &Keypoints2d, joint: Joint) -> bool {
    use Joint as J;
    let parts: &[Joint] = match joint {
        // Made of hips and shoulders, which every lifted recording has.
        J::Pelvis | J::Spine | J::Thorax => return true,
        J::Head => &[J::LeftEar, J::RightEar, J::LeftEye, J::RightEye],
        J::LeftToe => &[J::LeftToe, J::LeftBigToe, J::LeftSmallToe],
        J::RightToe => &[J::RightToe, J::RightBigToe, J::RightSmallToe],
        _ => &[joint],
    };
    parts.iter().any(|&part| {
        let seen = keypoints.joints().iter().position(|&have| have == part);
        seen.is_some_and(|index| {
            let points = keypoints.points().iter().skip(index);
            let seen = points.step_by(keypoints.joints().len()).flatten().count();
            seen as f64 >= LEAST_SEEN * keypoints.frames() as f64
        })
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use ambulo::keypoints::Keypoint;
    use ambulo::synth::{self, Camera, Walker};
    use ambulo::time::TimeBase;
    use ambulo_nn::codec::lift::{CHANNELS, JOINTS};

    use super::*;

    /// Answers each joint where the picture shows it, without depth.
    fn flat(codec: LiftCodec) -> impl FnMut(&[f32], usize) -> Result<Vec<f32>, Infallible> {
        move |input, batch| {
            let tokens = input.chunks_exact(CHANNELS);
            let output: Vec<f32> = tokens.flat_map(|t| [t[0], t[1], 0.0]).collect();
            assert_eq!(output.len(), batch * codec.frames * JOINTS * 3);
            Ok(output)
        }
    }

    /// A film of a walker on the spot, over and over.
    fn film(seconds: f64) -> Keypoints2d {
        let rate_hz = 30.0;
        let walker = Walker {
            treadmill: true,
            ..Walker::default().at_rate(rate_hz)
        };
        let trial = synth::walk(&walker).expect("a healthy adult");
        let once = synth::film(&trial, &Camera::default());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small number of frames"
        )]
        let frames = (seconds * rate_hz) as usize;
        let time = TimeBase::uniform(frames, rate_hz).expect("frames");
        let points: Vec<Option<Keypoint>> = (0..frames)
            .flat_map(|frame| once.frame(frame % once.frames()).to_vec())
            .collect();
        Keypoints2d::new(once.joints().to_vec(), time, once.image_size_px(), points)
            .expect("a film")
    }

    #[test]
    fn parts_join_to_what_the_whole_gives() {
        let codec = LiftCodec::default();
        let film = film(200.0);
        let parts = in_parts(&codec, &film, &mut flat(codec)).expect("it runs");
        let whole = codec.lift(&film, 1.0, flat(codec)).expect("it runs").motion;
        for frame in 0..film.frames() {
            for (joint, place) in parts.joints().iter().zip(parts.frame(frame)) {
                let index = LIFT_21.index_of(*joint).expect("a joint of the lifter");
                let (is, was) = (
                    place.expect("seen"),
                    whole.frame(frame)[index].expect("seen"),
                );
                // The film jumps where it begins again, and windows fall differently around that.
                assert!(
                    (is - was).norm() < 0.03,
                    "{joint} in frame {frame}: {is} {was}"
                );
            }
        }
    }

    #[test]
    fn memory_beyond_input_and_output_does_not_grow_with_the_recording() {
        let codec = LiftCodec::default();
        let working_bytes = |seconds: f64| {
            let film = film(seconds);
            let mut kept = 0;
            let info = allocation_counter::measure(|| {
                let motion = in_parts(&codec, &film, &mut flat(codec)).expect("it runs");
                kept = size_of_val(motion.positions_m()) + size_of_val(motion.time().times_s());
            });
            info.bytes_max - u64::try_from(kept).expect("small")
        };
        let (minute, half_hour) = (working_bytes(60.0), working_bytes(1800.0));
        assert!(
            half_hour < minute + minute / 3,
            "{minute} and {half_hour} bytes"
        );
    }

    #[test]
    fn joints_that_the_keypoints_lack_are_not_guessed() {
        let codec = LiftCodec::default();
        let film = film(5.0);
        let joints: Vec<Joint> = film.joints().iter().copied().take(17).collect();
        let map = ambulo::skeleton::JointMap::between(film.joints(), &joints).expect("a subset");
        let film = film.mapped(&joints, &map);
        let motion = in_parts(&codec, &film, &mut flat(codec)).expect("it runs");
        assert!(motion.has(Joint::LeftAnkle) && motion.has(Joint::Thorax));
        assert!(!motion.has(Joint::LeftHeel) && !motion.has(Joint::RightToe));
    }
}
