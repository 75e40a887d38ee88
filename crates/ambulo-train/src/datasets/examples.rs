//! Training examples of takes, in the order of the published recipes.

use std::sync::{Mutex, PoisonError};

use super::mersenne::RandomState;
use super::takes::Takes;
use crate::batch::{LiftBatch, LiftSamples, LiftShape};

/// The seed that the published recipes give their shuffler, whatever the run's own seed.
pub const PUBLISHED_SHUFFLE_SEED: u32 = 1234;

/// How takes are cut into examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cutting {
    /// Every frame answered: clips side by side, centred on the take, both ends repeated.
    Clips,
    /// The centre frame answered: a window around every `stride`-th frame, both ends repeated. The
    /// recipes use 1; more makes an epoch shorter.
    Windows {
        /// Frames from one centre to the next; 0 counts as 1.
        stride: usize,
    },
}

/// Examples of a fixed length, each plain and mirrored once an epoch.
///
/// Windows are read from the takes when a batch is made and stored nowhere.
#[derive(Debug)]
pub struct Examples {
    takes: Takes,
    frames: usize,
    cutting: Cutting,
    shuffle_seed: u32,
    /// For each take, the number of examples before it; one more at the end.
    first: Vec<usize>,
    orders: Mutex<Orders>,
}

/// The orders drawn last. Each epoch's is drawn after the one before, from one generator.
#[derive(Debug)]
struct Orders {
    random: RandomState,
    drawn: u64,
    last: Vec<u32>,
    /// The one before: batches made ahead ask for both around the end of an epoch.
    before: Vec<u32>,
}

/// Why examples cannot be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExamplesError {
    /// No takes, or only empty ones.
    #[error("there are no frames to draw examples from")]
    Empty,
    /// More examples than the shuffler can count.
    #[error("{0} examples an epoch are too many; use a larger stride")]
    TooMany(usize),
    /// A window needs a centre.
    #[error("{0} frames have no centre; windows need an odd number")]
    NoCentre(usize),
}

/// One example: a take, its first frame (which may lie before the take) and whether it is mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Example {
    take: usize,
    start: isize,
    mirrored: bool,
}

impl Examples {
    /// Examples of `frames` frames, shuffled from `shuffle_seed`.
    ///
    /// # Errors
    ///
    /// [`ExamplesError`] says what is wrong.
    pub fn new(
        takes: Takes,
        frames: usize,
        cutting: Cutting,
        shuffle_seed: u32,
    ) -> Result<Self, ExamplesError> {
        if frames == 0 || (frames.is_multiple_of(2) && cutting != Cutting::Clips) {
            return Err(ExamplesError::NoCentre(frames));
        }
        let joints = takes.input.joints();
        let mut first = vec![0];
        let mut total = 0;
        for take in &takes.takes {
            total += 2 * pieces(take.frames(joints), frames, cutting);
            first.push(total);
        }
        if total == 0 {
            return Err(ExamplesError::Empty);
        }
        if u32::try_from(total).is_err() {
            return Err(ExamplesError::TooMany(total));
        }
        Ok(Self {
            takes,
            frames,
            cutting,
            shuffle_seed,
            first,
            orders: Mutex::new(Orders {
                random: RandomState::new(shuffle_seed),
                drawn: 0,
                last: Vec::new(),
                before: Vec::new(),
            }),
        })
    }

    /// Examples in one epoch, plain and mirrored.
    pub fn per_epoch(&self) -> usize {
        self.first.last().copied().unwrap_or(0)
    }

    /// The example at a place of the unshuffled order: take by take, plain before mirrored.
    fn example(&self, index: usize) -> Example {
        let take = self.first.partition_point(|&first| first <= index) - 1;
        let within = index - self.first[take];
        let half = (self.first[take + 1] - self.first[take]) / 2;
        let piece = within % half;
        let total = self.takes.takes[take].frames(self.takes.input.joints());
        let start = match self.cutting {
            Cutting::Clips => {
                let offset = (half * self.frames - total) / 2;
                signed(piece * self.frames) - signed(offset)
            }
            Cutting::Windows { stride } => {
                signed(piece * stride.max(1)) - signed((self.frames - 1) / 2)
            }
        };
        Example {
            take,
            start,
            mirrored: within >= half,
        }
    }

    /// The shuffled places `from..to` of an epoch.
    fn shuffled(&self, epoch: u64, from: usize, to: usize) -> Vec<usize> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if orders.drawn > epoch + 2 {
            orders.random = RandomState::new(self.shuffle_seed);
            orders.drawn = 0;
        }
        while orders.drawn < epoch + 1 {
            let count = u32::try_from(self.per_epoch()).unwrap_or(u32::MAX);
            let next = orders.random.permutation(count);
            orders.before = std::mem::replace(&mut orders.last, next);
            orders.drawn += 1;
        }
        let order = if orders.drawn == epoch + 1 {
            &orders.last
        } else {
            &orders.before
        };
        order[from..to].iter().map(|&i| i as usize).collect()
    }

    fn push(&self, example: Example, batch: &mut LiftBatch) {
        let (input, output) = (&self.takes.input, &self.takes.output);
        let take = &self.takes.takes[example.take];
        let last = take.frames(input.joints()) - 1;
        let frame_at = |offset: usize| {
            usize::try_from(example.start + signed(offset)).map_or(0, |frame| frame.min(last))
        };
        let row = input.joints() * 2;
        let mut keypoints = Vec::with_capacity(self.frames * row);
        for offset in 0..self.frames {
            keypoints.extend_from_slice(&take.keypoints[frame_at(offset) * row..][..row]);
        }
        let answered = match self.cutting {
            Cutting::Clips => 0..self.frames,
            Cutting::Windows { .. } => self.frames / 2..self.frames / 2 + 1,
        };
        let row = output.joints() * 3;
        let mut target = vec![0.0; answered.len() * row];
        for (offset, out) in answered.zip(target.chunks_exact_mut(row)) {
            take.write_target(frame_at(offset), output.root, out);
        }
        if example.mirrored {
            keypoints = input.mirrored(&keypoints, 2);
            target = output.mirrored(&target, 3);
        }
        batch
            .weight
            .extend(std::iter::repeat_n(1.0, target.len() / 3));
        batch.input.extend(keypoints);
        batch.target.extend(target);
    }
}

impl LiftSamples for Examples {
    fn shape(&self) -> LiftShape {
        LiftShape {
            frames: self.frames,
            joints: self.takes.input.joints(),
            channels: 2,
            frames_out: match self.cutting {
                Cutting::Clips => self.frames,
                Cutting::Windows { .. } => 1,
            },
            joints_out: self.takes.output.joints(),
        }
    }

    /// The last batch of an epoch holds what is left, as in the published recipes. The run's seed has
    /// no say: the order of the epochs follows the seed given to [`Examples::new`].
    fn batch(&self, _seed: u64, step: u64, size: usize) -> LiftBatch {
        let mut batch = LiftBatch {
            input: Vec::new(),
            target: Vec::new(),
            weight: Vec::new(),
        };
        let steps = self.per_epoch().div_ceil(size.max(1));
        let (epoch, within) = (step / steps as u64, step % steps as u64);
        let from = usize::try_from(within).unwrap_or(0) * size.max(1);
        let to = (from + size.max(1)).min(self.per_epoch());
        for index in self.shuffled(epoch, from, to) {
            self.push(self.example(index), &mut batch);
        }
        batch
    }

    fn steps_per_epoch(&self, size: usize) -> Option<u64> {
        Some(self.per_epoch().div_ceil(size.max(1)) as u64)
    }
}

fn pieces(frames: usize, length: usize, cutting: Cutting) -> usize {
    match cutting {
        Cutting::Clips => frames.div_ceil(length),
        Cutting::Windows { stride } => frames.div_ceil(stride.max(1)),
    }
}

fn signed(number: usize) -> isize {
    isize::try_from(number).unwrap_or(isize::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::datasets::layout::H36M_17;
    use crate::datasets::takes::Take;

    /// Takes whose keypoints and positions say which take and frame they are.
    fn takes(lengths: &[usize]) -> Takes {
        let takes = lengths.iter().enumerate().map(|(index, &frames)| {
            let mark =
                |frame: usize, joint: usize| (100 * index + frame) as f32 + joint as f32 / 32.0;
            let all = |channels: usize| -> Vec<f32> {
                (0..frames)
                    .flat_map(|frame| {
                        (0..17 * channels).map(move |at| {
                            let joint = at / channels;
                            if at % channels == 0 && joint > 0 {
                                mark(frame, joint)
                            } else {
                                0.0
                            }
                        })
                    })
                    .collect()
            };
            Take {
                subject: "S1".to_owned(),
                name: format!("Take {index}"),
                camera: "a".to_owned(),
                keypoints: all(2),
                positions_m: Arc::from(all(3)),
                camera_from_world: None,
                valid: None,
            }
        });
        Takes {
            input: H36M_17,
            output: H36M_17,
            rate_hz: Some(50.0),
            takes: takes.collect(),
        }
    }

    /// The frames of joint 1 (right hip) of an example; of joint 4, mirrored, if negative.
    fn frames_of(input: &[f32], channels: usize) -> Vec<f32> {
        let rows = input.chunks_exact(17 * channels);
        rows.map(|row| (row[channels].abs() - 1.0 / 32.0).floor() * row[channels].signum())
            .collect()
    }

    fn in_order(examples: &Examples) -> Vec<Vec<f32>> {
        let mut all = Vec::new();
        for index in 0..examples.per_epoch() {
            let mut batch = LiftBatch {
                input: Vec::new(),
                target: Vec::new(),
                weight: Vec::new(),
            };
            examples.push(examples.example(index), &mut batch);
            all.push(frames_of(&batch.input, 2));
        }
        all
    }

    #[test]
    fn clips_are_centred_and_repeat_both_ends() {
        let clips = Examples::new(takes(&[7, 3]), 5, Cutting::Clips, 0).unwrap();
        // 7 frames in two clips of 5: three too many, so one before and two after.
        let expected: [[f32; 5]; 6] = [
            [0., 0., 1., 2., 3.],
            [4., 5., 6., 6., 6.],
            [-0., -0., -1., -2., -3.],
            [-4., -5., -6., -6., -6.],
            [100., 100., 101., 102., 102.],
            [-100., -100., -101., -102., -102.],
        ];
        assert_eq!(in_order(&clips), expected.map(Vec::from));
    }

    #[test]
    fn windows_answer_the_centre_of_every_frame_or_every_other() {
        let every = Examples::new(takes(&[3]), 3, Cutting::Windows { stride: 1 }, 0).unwrap();
        assert_eq!(every.per_epoch(), 6);
        let expected = [[0., 0., 1.], [0., 1., 2.], [1., 2., 2.]].map(Vec::from);
        assert_eq!(in_order(&every)[..3], expected);
        let other = Examples::new(takes(&[3]), 3, Cutting::Windows { stride: 2 }, 0).unwrap();
        assert_eq!(
            in_order(&other)[..2],
            [expected[0].clone(), expected[2].clone()]
        );
        let mut batch = other.batch(0, 0, 1);
        for step in 1..4 {
            batch.target.extend(other.batch(0, step, 1).target);
        }
        let mut centres = frames_of(&batch.target, 3);
        centres.sort_by(f32::total_cmp);
        assert_eq!(centres, [-2., 0., 0., 2.]);
        assert_eq!(
            Examples::new(takes(&[3]), 4, Cutting::Windows { stride: 1 }, 0).err(),
            Some(ExamplesError::NoCentre(4))
        );
    }

    #[test]
    fn an_epoch_shows_each_example_once_in_the_order_of_numpy() {
        let clips =
            Examples::new(takes(&[20, 30]), 5, Cutting::Clips, PUBLISHED_SHUFFLE_SEED).unwrap();
        assert_eq!((clips.per_epoch(), clips.steps_per_epoch(6)), (20, Some(4)));
        let plain = in_order(&clips);
        let order: Vec<usize> = RandomState::new(1234)
            .permutation(20)
            .into_iter()
            .map(|i| i as usize)
            .collect();
        let mut seen = Vec::new();
        for step in 0..4 {
            let batch = clips.batch(9, step, 6);
            assert_eq!(batch.weight.len(), batch.target.len() / 3);
            seen.extend(batch.input.chunks(5 * 34).map(|input| frames_of(input, 2)));
        }
        let expected: Vec<_> = order.iter().map(|&i| plain[i].clone()).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_batch_is_the_same_after_any_others() {
        let clips = Examples::new(takes(&[40]), 5, Cutting::Clips, 1).unwrap();
        // Four steps an epoch: steps 1, 5 and 21 come from the first, second and sixth.
        let [early, next, late] = [1, 5, 21].map(|step| clips.batch(0, step, 4));
        assert!(early != next && next != late);
        for (step, batch) in [
            (1, &early),
            (21, &late),
            (17, &clips.batch(0, 17, 4)),
            (5, &next),
        ] {
            assert_eq!(&clips.batch(0, step, 4), batch, "step {step}");
        }
    }
}
