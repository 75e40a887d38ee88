//! Threads that wait for work, and the division of memory among them.
//!
//! Work comes in numbered units, which threads take one after another. Each unit writes memory of its
//! own and computes the same whoever takes it, so results do not depend on the number of threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Turns that a thread waits awake before it sleeps: some tens of microseconds, longer than the
/// pauses within a forward pass.
const SPINS: u32 = 20_000;

/// A job's state in one number: 16 bits of threads at work, one bit of "open", the job's number.
const WORKING: u64 = 0xFFFF;
const OPEN: u64 = 1 << 16;
const NUMBER: u64 = 1 << 17;

/// Some threads and the one job they work on.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
    /// Only one job at a time.
    turn: Mutex<()>,
    workers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: AtomicU64,
    next: AtomicUsize,
    job: Slot,
    stop: AtomicBool,
    panicked: AtomicBool,
    asleep: Mutex<usize>,
    wake: Condvar,
}

/// A job: a closure without its lifetime.
#[derive(Debug, Clone, Copy)]
struct Job {
    closure: *const (),
    call: unsafe fn(*const (), usize, usize),
    units: usize,
}

/// Calls a closure of known type.
///
/// # Safety
///
/// The pointer was made from a `&F` that still lives.
unsafe fn call<F: Fn(usize, usize)>(closure: *const (), worker: usize, index: usize) {
    // SAFETY: the caller's word.
    unsafe { (*closure.cast::<F>())(worker, index) }
}

/// The current job. Written by the thread that owns the turn while no worker can be at work, read by
/// workers that have joined.
#[derive(Debug)]
struct Slot(std::cell::UnsafeCell<Option<Job>>);

// SAFETY: the protocol of `state` orders accesses: the slot is written only while the job is closed and
// nobody works on it; a worker reads it only after it has joined an open job.
unsafe impl Sync for Slot {}
// SAFETY: the pointer leads to a closure that is `Sync` and outlives the job.
unsafe impl Send for Slot {}

impl Pool {
    /// A pool of `threads` threads, the caller's included.
    pub(crate) fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            next: AtomicUsize::new(0),
            job: Slot(std::cell::UnsafeCell::new(None)),
            stop: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
            asleep: Mutex::new(0),
            wake: Condvar::new(),
        });
        // A thread that cannot be started is done without.
        let workers = (1..threads.clamp(1, 1024))
            .map_while(|index| {
                let shared = Arc::clone(&shared);
                std::thread::Builder::new()
                    .name(format!("ambulo-nn-{index}"))
                    .spawn(move || shared.work(index))
                    .ok()
            })
            .collect();
        Self {
            shared,
            turn: Mutex::new(()),
            workers,
        }
    }

    /// Threads, the caller's included.
    pub(crate) fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `unit(worker, index)` for each index below `units`, on all threads. Calls that run at
    /// the same time have different `worker`s, all below [`Pool::threads`].
    pub(crate) fn run<F: Fn(usize, usize) + Sync>(&self, units: usize, unit: F) {
        if self.workers.is_empty() || units <= 1 {
            for index in 0..units {
                unit(0, index);
            }
            return;
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let job = Job {
            closure: (&raw const unit).cast(),
            call: call::<F>,
            units,
        };
        // SAFETY: this thread has the turn, and the job before is closed and left by all workers.
        unsafe { *self.shared.job.0.get() = Some(job) };
        self.shared.next.store(0, Ordering::Relaxed);
        let state = self.shared.state.load(Ordering::Relaxed);
        self.shared
            .state
            .store((state & !OPEN) + NUMBER + OPEN, Ordering::SeqCst);
        self.shared.wake_sleepers();
        // Closes the job and waits for the workers, even if a unit panics on this thread.
        let close = Close(&self.shared);
        self.shared.take_units(job, 0);
        drop(close);
        assert!(
            !self.shared.panicked.swap(false, Ordering::SeqCst),
            "a unit of work panicked on another thread"
        );
    }

    /// Divides `outputs` into chunks and calls `unit(worker, index, chunks)` for each index: chunk
    /// `index` of every output. A last chunk may be shorter, and is empty where an output has ended.
    pub(crate) fn split<const N: usize, F>(&self, units: usize, outputs: [Chunks<'_>; N], unit: F)
    where
        F: Fn(usize, usize, [&mut [f32]; N]) + Sync,
    {
        let outputs = outputs.map(RawChunks::new);
        self.run(units, |worker, index| {
            // SAFETY: each index is given to one call only, and chunks of different indices are disjoint.
            let chunks = outputs
                .each_ref()
                .map(|output| unsafe { output.get(index) });
            unit(worker, index, chunks);
        });
    }

    /// As [`Pool::split`], with scratch memory for each worker.
    pub(crate) fn split_with_scratch<const N: usize, F>(
        &self,
        units: usize,
        outputs: [Chunks<'_>; N],
        scratch: Chunks<'_>,
        unit: F,
    ) where
        F: Fn(usize, [&mut [f32]; N], &mut [f32]) + Sync,
    {
        let scratch = RawChunks::new(scratch);
        self.split(units, outputs, |worker, index, chunks| {
            // SAFETY: calls that run at the same time have different workers.
            let scratch = unsafe { scratch.get(worker) };
            unit(index, chunks, scratch);
        });
    }

    /// Divides the columns of matrices, `[matrices, rows, stride]`, into blocks of `width`, and calls
    /// `unit(matrix, first_column, block, scratch)` for each.
    pub(crate) fn split_columns<F>(
        &self,
        (data, rows, stride, width): (&mut [f32], usize, usize, usize),
        scratch: Chunks<'_>,
        unit: F,
    ) where
        F: Fn(usize, usize, Columns<'_>, &mut [f32]) + Sync,
    {
        let blocks = stride.checked_div(width).unwrap_or(0);
        let matrices = data.len().checked_div(rows * stride).unwrap_or(0);
        let all = RawChunks::new(Chunks::new(data, rows * stride));
        self.split_with_scratch(matrices * blocks, [], scratch, |index, [], scratch| {
            let (matrix, block) = (index / blocks, index % blocks);
            let start = all.pointer(matrix * rows * stride + block * width);
            let columns = Columns {
                start,
                rows,
                stride,
                width,
                lifetime: std::marker::PhantomData,
            };
            unit(matrix, block * width, columns, scratch);
        });
    }
}

/// Some columns of a matrix that nobody else has.
pub(crate) struct Columns<'a> {
    start: *mut f32,
    rows: usize,
    stride: usize,
    width: usize,
    lifetime: std::marker::PhantomData<&'a mut [f32]>,
}

impl Columns<'_> {
    /// The numbers of one row.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub(crate) fn row(&mut self, row: usize) -> &mut [f32] {
        assert!(row < self.rows);
        // SAFETY: the row lies within the matrix, and its columns belong to this value alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(row * self.stride), self.width) }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.wake_sleepers();
        for worker in self.workers.drain(..) {
            // A worker catches the panics of its units; there is nothing left to report here.
            let _ = worker.join();
        }
    }
}

struct Close<'a>(&'a Shared);

impl Drop for Close<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.fetch_and(!OPEN, Ordering::SeqCst);
        let mut spins = 0_u32;
        while state & WORKING != 0 {
            spins += 1;
            if spins < SPINS {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
            state = self.0.state.load(Ordering::SeqCst);
        }
    }
}

impl Shared {
    fn take_units(&self, job: Job, worker: usize) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= job.units {
                return;
            }
            // SAFETY: the closure lives until the job is closed and left by all workers, this one too.
            unsafe { (job.call)(job.closure, worker, index) };
        }
    }

    /// The life of a worker.
    fn work(&self, worker: usize) {
        let mut done = 0;
        while let Some(state) = self.await_job(done) {
            done = state / NUMBER;
            // Joins only if the job is still the same and open.
            let joined = self
                .state
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |now| {
                    (now / NUMBER == done && now & OPEN != 0).then_some(now + 1)
                });
            if joined.is_err() {
                continue;
            }
            // SAFETY: joined: the slot is not written until this worker leaves.
            if let Some(job) = unsafe { *self.job.0.get() } {
                let outcome = catch_unwind(AssertUnwindSafe(|| self.take_units(job, worker)));
                if outcome.is_err() {
                    self.panicked.store(true, Ordering::SeqCst);
                }
            }
            self.state.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Waits for an open job other than number `done`; `None` when the pool ends.
    fn await_job(&self, done: u64) -> Option<u64> {
        let fresh = || {
            let state = self.state.load(Ordering::SeqCst);
            (state & OPEN != 0 && state / NUMBER != done).then_some(state)
        };
        for _ in 0..SPINS {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(state) = fresh() {
                return Some(state);
            }
            std::hint::spin_loop();
        }
        let mut asleep = self.asleep.lock().unwrap_or_else(PoisonError::into_inner);
        *asleep += 1;
        let found = loop {
            if self.stop.load(Ordering::SeqCst) {
                break None;
            }
            if let Some(state) = fresh() {
                break Some(state);
            }
            asleep = self
                .wake
                .wait(asleep)
                .unwrap_or_else(PoisonError::into_inner);
        };
        *asleep -= 1;
        found
    }

    fn wake_sleepers(&self) {
        // A worker counts itself while it holds the lock and looks once more before it sleeps, so that
        // no wake-up is lost.
        let asleep = self.asleep.lock().unwrap_or_else(PoisonError::into_inner);
        if *asleep > 0 {
            self.wake.notify_all();
        }
    }
}

/// Memory to be divided into chunks of equal length.
#[derive(Debug)]
pub(crate) struct Chunks<'a> {
    data: &'a mut [f32],
    chunk: usize,
}

impl<'a> Chunks<'a> {
    /// Chunks of `chunk` numbers.
    pub(crate) fn new(data: &'a mut [f32], chunk: usize) -> Self {
        Self { data, chunk }
    }

    /// The same chunks for a while.
    pub(crate) fn again(&mut self) -> Chunks<'_> {
        Chunks::new(self.data, self.chunk)
    }
}

/// The same, shared among threads.
struct RawChunks<'a> {
    data: *mut f32,
    len: usize,
    chunk: usize,
    lifetime: std::marker::PhantomData<&'a mut [f32]>,
}

// SAFETY: only gives out disjoint parts of memory that is borrowed exclusively; see `get`.
unsafe impl Sync for RawChunks<'_> {}

impl<'a> RawChunks<'a> {
    fn new(Chunks { data, chunk }: Chunks<'a>) -> Self {
        Self {
            data: data.as_mut_ptr(),
            len: data.len(),
            chunk,
            lifetime: std::marker::PhantomData,
        }
    }

    /// The address of a number.
    fn pointer(&self, place: usize) -> *mut f32 {
        assert!(place <= self.len);
        // SAFETY: within the slice or one past it.
        unsafe { self.data.add(place) }
    }

    /// # Safety
    ///
    /// No two chunks of the same index live at the same time.
    #[expect(clippy::mut_from_ref, reason = "the caller keeps indices apart")]
    unsafe fn get(&self, index: usize) -> &mut [f32] {
        let start = index.saturating_mul(self.chunk).min(self.len);
        let end = (start + self.chunk).min(self.len);
        // SAFETY: within the slice, and disjoint from the chunks of other indices.
        unsafe { std::slice::from_raw_parts_mut(self.data.add(start), end - start) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chunk_is_visited_once_by_any_number_of_threads() {
        for threads in [1, 2, 3, 8] {
            let pool = Pool::new(threads);
            for units in [0, 1, 5, 97] {
                let mut data = vec![0.0; 10 * units + 3];
                let chunks = Chunks::new(&mut data, 10);
                pool.split(units + 1, [chunks], |worker, index, [chunk]| {
                    assert!(worker < threads);
                    for x in chunk {
                        *x += index as f32 + 1.0;
                    }
                });
                let expected = (0..data.len()).map(|place| (place / 10) as f32 + 1.0);
                assert!(data.iter().copied().eq(expected));
            }
        }
    }

    #[test]
    fn a_panic_of_a_unit_reaches_the_caller_and_the_pool_lives_on() {
        let pool = Pool::new(3);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            pool.run(64, |_, index| assert!(index != 17, "on purpose"));
        }));
        assert!(outcome.is_err());
        let sum = AtomicUsize::new(0);
        pool.run(100, |_, index| {
            sum.fetch_add(index, Ordering::Relaxed);
        });
        assert_eq!(sum.into_inner(), 4950);
    }
}
