//! Batches of lifting examples: what a training source provides and how it is fetched ahead of time.
//!
//! A batch is a pure function of a seed and a step. So a resumed run sees the batches that an unbroken
//! one would have seen, and generating them on another thread changes nothing.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// The sizes of a source's examples. They are the same for every example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiftShape {
    /// Frames in: T.
    pub frames: usize,
    /// Joints in: J.
    pub joints: usize,
    /// Channels of a joint in: C. Two for image coordinates only.
    pub channels: usize,
    /// Frames out: T for a network that answers every frame, 1 for one that answers the centre frame.
    pub frames_out: usize,
    /// Joints out.
    pub joints_out: usize,
}

impl LiftShape {
    /// Numbers in the input of one example: T·J·C.
    pub fn input_len(&self) -> usize {
        self.frames * self.joints * self.channels
    }

    /// Points in the target of one example: frames out × joints out.
    pub fn points_out(&self) -> usize {
        self.frames_out * self.joints_out
    }
}

/// Examples of lifting, row-major and one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct LiftBatch {
    /// `[batch, frames, joints, channels]`, as the network reads it.
    pub input: Vec<f32>,
    /// `[batch, frames_out, joints_out, 3]`, metres.
    pub target: Vec<f32>,
    /// `[batch, frames_out, joints_out]`: how much each point of the target counts, on top of the weights
    /// that the loss gives to joints. 0 where the target is missing, 1 otherwise.
    pub weight: Vec<f32>,
}

/// A source of training examples.
pub trait LiftSamples: Send + Sync {
    /// The sizes of its examples.
    fn shape(&self) -> LiftShape;

    /// The examples of step `step` of the run with this seed. The same arguments always give the same
    /// examples.
    fn batch(&self, seed: u64, step: u64, size: usize) -> LiftBatch;

    /// Steps in one pass over the data, for schedules that count epochs; `None` for an endless source.
    fn steps_per_epoch(&self, size: usize) -> Option<u64> {
        let _ = size;
        None
    }
}

/// A network under training, seen from outside: `[batch, frames, joints, channels]` of any batch size in,
/// `[batch, frames_out, joints_out, 3]` out. Evaluation mode, averaged weights.
pub type Lift<'a> = dyn FnMut(&[f32], usize) -> Vec<f32> + 'a;

/// What a validation found.
#[derive(Debug, Clone, PartialEq)]
pub struct Validation {
    /// The number that early stopping and the choice of the best weights watch: lower is better.
    pub score: f64,
    /// Named numbers for the log, in the order to print.
    pub figures: Vec<(String, f64)>,
}

/// Judges the network now and then on people that it is not trained on.
pub trait LiftValidation: Send {
    /// Runs the network over the held-out data.
    fn validate(&mut self, lift: &mut Lift<'_>) -> Validation;
}

/// Batches in the order of their steps, made on other threads before they are asked for.
#[derive(Debug)]
pub struct Lookahead {
    workers: Vec<Worker>,
    next: usize,
}

#[derive(Debug)]
struct Worker {
    batches: Option<Receiver<LiftBatch>>,
    thread: Option<JoinHandle<()>>,
}

/// Batches that each worker holds ready beside the one it is making.
const READY: usize = 2;

impl Lookahead {
    /// Starts `workers` threads (at least one) that make the batches of the steps from `first_step` on.
    pub fn start(
        samples: &Arc<dyn LiftSamples>,
        seed: u64,
        first_step: u64,
        size: usize,
        workers: usize,
    ) -> Self {
        let count = workers.max(1) as u64;
        let workers = (0..count)
            .map(|offset| {
                let samples = Arc::clone(samples);
                let (sender, receiver) = sync_channel(READY);
                let thread = std::thread::spawn(move || {
                    produce(
                        samples.as_ref(),
                        &sender,
                        seed,
                        first_step + offset,
                        count,
                        size,
                    );
                });
                Worker {
                    batches: Some(receiver),
                    thread: Some(thread),
                }
            })
            .collect();
        Self { workers, next: 0 }
    }
}

impl Iterator for Lookahead {
    type Item = LiftBatch;

    /// The batch of the next step; `None` only if its worker has died.
    fn next(&mut self) -> Option<LiftBatch> {
        let worker = self.workers.get(self.next)?;
        self.next = (self.next + 1) % self.workers.len();
        worker.batches.as_ref()?.recv().ok()
    }
}

impl Drop for Lookahead {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            // Without a receiver the worker's next send fails, and it ends.
            worker.batches = None;
        }
        for worker in &mut self.workers {
            if let Some(thread) = worker.thread.take() {
                let _ = thread.join();
            }
        }
    }
}

fn produce(
    samples: &dyn LiftSamples,
    sender: &SyncSender<LiftBatch>,
    seed: u64,
    first: u64,
    stride: u64,
    size: usize,
) {
    let mut step = first;
    while sender.send(samples.batch(seed, step, size)).is_ok() {
        step += stride;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl LiftSamples for Counting {
        fn shape(&self) -> LiftShape {
            LiftShape {
                frames: 1,
                joints: 1,
                channels: 1,
                frames_out: 1,
                joints_out: 1,
            }
        }

        fn batch(&self, seed: u64, step: u64, size: usize) -> LiftBatch {
            LiftBatch {
                input: vec![(seed + step) as f32; size],
                target: vec![0.0; 3 * size],
                weight: vec![1.0; size],
            }
        }
    }

    #[test]
    fn batches_come_in_the_order_of_their_steps_with_any_number_of_workers() {
        let samples: Arc<dyn LiftSamples> = Arc::new(Counting);
        for workers in [0, 1, 3] {
            let steps: Vec<f32> = Lookahead::start(&samples, 100, 7, 2, workers)
                .take(9)
                .map(|batch| batch.input[1])
                .collect();
            let expected: Vec<f32> = (107..116).map(|step: u16| f32::from(step)).collect();
            assert_eq!(steps, expected, "{workers} workers");
        }
    }
}
