//! Batches of examples: what a training source provides and how it is fetched ahead of time.
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

/// People in pictures, row-major and one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct PoseBatch {
    /// Height and width of the pictures.
    pub size: [usize; 2],
    /// `[batch, height, width, 3]`, normalised as the network reads it.
    pub input: Vec<f32>,
    /// `[batch, joints]`: column and row in cells of the heat-maps, and how much the joint counts. 0 where
    /// nobody knows where it is.
    pub points: Vec<[f32; 3]>,
}

/// A source of pictures to learn from.
pub trait PoseSamples: Send + Sync {
    /// Joints of its people.
    fn joints(&self) -> usize;

    /// The people of step `step` of the run with this seed, in pictures of this height and width. The same
    /// arguments always give the same people.
    fn batch(&self, seed: u64, step: u64, people: usize, size: [usize; 2]) -> PoseBatch;

    /// Steps in one pass over the data, for schedules that count epochs; `None` for an endless source.
    fn steps_per_epoch(&self, people: usize) -> Option<u64> {
        let _ = people;
        None
    }
}

/// A network under training that finds keypoints, seen from outside: pictures `[batch, height, width, 3]`
/// and their height and width in, heat-maps `[batch, joints, height / 4, width / 4]` out. Evaluation mode,
/// averaged weights.
pub type FindKeypoints<'a> = dyn FnMut(&[f32], [usize; 2]) -> Vec<f32> + 'a;

/// Judges a network that finds keypoints, now and then, on people that it is not trained on.
pub trait PoseValidation: Send {
    /// Runs the network over the held-out data.
    fn validate(&mut self, find: &mut FindKeypoints<'_>) -> Validation;
}

/// A lifter under training, seen from outside: `[batch, frames, joints, channels]` of any batch size in,
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
pub struct Lookahead<B> {
    make: Arc<dyn Fn(u64) -> B + Send + Sync>,
    step: u64,
    workers: Vec<Worker<B>>,
    next: usize,
}

#[derive(Debug)]
struct Worker<B> {
    batches: Option<Receiver<B>>,
    thread: Option<JoinHandle<()>>,
}

/// Batches that each worker holds ready beside the one it is making.
const READY: usize = 2;

impl<B: Send + 'static> Lookahead<B> {
    /// Starts `workers` threads that make the batches of the steps from `first_step` on. With none, each
    /// is made when it is asked for.
    pub fn start(
        make: impl Fn(u64) -> B + Send + Sync + 'static,
        first_step: u64,
        workers: usize,
    ) -> Self {
        let make: Arc<dyn Fn(u64) -> B + Send + Sync> = Arc::new(make);
        let count = workers as u64;
        let workers = (0..count)
            .map(|offset| {
                let make = Arc::clone(&make);
                let (sender, receiver) = sync_channel(READY);
                let thread = std::thread::spawn(move || {
                    produce(make.as_ref(), &sender, first_step + offset, count);
                });
                Worker {
                    batches: Some(receiver),
                    thread: Some(thread),
                }
            })
            .collect();
        Self {
            make,
            step: first_step,
            workers,
            next: 0,
        }
    }
}

impl<B> Iterator for Lookahead<B> {
    type Item = B;

    /// The batch of the next step; `None` only if its worker has died.
    fn next(&mut self) -> Option<B> {
        let Some(worker) = self.workers.get(self.next) else {
            self.step += 1;
            return Some((self.make)(self.step - 1));
        };
        self.next = (self.next + 1) % self.workers.len();
        worker.batches.as_ref()?.recv().ok()
    }
}

impl<B> Drop for Lookahead<B> {
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

fn produce<B>(make: &dyn Fn(u64) -> B, sender: &SyncSender<B>, first: u64, stride: u64) {
    let mut step = first;
    while sender.send(make(step)).is_ok() {
        step += stride;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_come_in_the_order_of_their_steps_with_any_number_of_workers() {
        for workers in [0, 1, 3] {
            let steps: Vec<u64> = Lookahead::start(|step| 100 + step, 7, workers)
                .take(9)
                .collect();
            let expected: Vec<u64> = (107..116).collect();
            assert_eq!(steps, expected, "{workers} workers");
        }
    }
}
