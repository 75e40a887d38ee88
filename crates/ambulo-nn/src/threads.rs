//! How many threads a network uses, and the engine that owns them.

use std::num::NonZero;
use std::sync::Arc;

use crate::kernels::pool::Pool;
use crate::kernels::{Cpu, Isa};

/// How many threads compute. Results do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Threads(Option<NonZero<usize>>);

impl Threads {
    /// That many threads; 0 for as many as there are processor cores.
    pub fn new(threads: usize) -> Self {
        Self(NonZero::new(threads))
    }

    /// As many as there are processor cores.
    pub fn auto() -> Self {
        Self(None)
    }

    /// The number of threads, at least 1.
    pub fn count(self) -> usize {
        self.0
            .or_else(|| std::thread::available_parallelism().ok())
            .map_or(1, NonZero::get)
    }
}

/// An instruction set and waiting threads. Networks may share one.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) cpu: Cpu,
    pub(crate) pool: Arc<Pool>,
}

impl Engine {
    /// The fastest instruction set of this processor.
    pub fn new(threads: Threads) -> Self {
        Self::of(threads, Cpu::best())
    }

    /// A certain instruction set; `None` if this processor lacks it.
    pub fn with_isa(threads: Threads, isa: Isa) -> Option<Self> {
        Cpu::with(isa).map(|cpu| Self::of(threads, cpu))
    }

    fn of(threads: Threads, cpu: Cpu) -> Self {
        Self {
            cpu,
            pool: Arc::new(Pool::new(threads.count())),
        }
    }

    /// The instruction set in use.
    pub fn isa(&self) -> Isa {
        self.cpu.isa()
    }

    /// Threads in use, the caller's included.
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }
}
