//! Which instruction set runs, decided at run time.

use std::sync::OnceLock;

use super::simd::Simd;
#[cfg(target_arch = "x86_64")]
use super::simd::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
use super::simd::avx512::Avx512;
#[cfg(target_arch = "aarch64")]
use super::simd::neon::Neon;
use super::simd::scalar::Scalar;

/// An instruction set that the kernels are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isa {
    /// AVX-512F, sixteen numbers at a time.
    Avx512,
    /// AVX2 with FMA, eight numbers at a time.
    Avx2,
    /// NEON of 64-bit ARM, four numbers at a time.
    Neon,
    /// Plain arithmetic that every processor has.
    Scalar,
}

impl Isa {
    /// The instruction sets of this processor, the fastest first. The last is [`Isa::Scalar`].
    pub fn available() -> &'static [Self] {
        static AVAILABLE: OnceLock<Vec<Isa>> = OnceLock::new();
        AVAILABLE.get_or_init(|| {
            [Self::Avx512, Self::Avx2, Self::Neon, Self::Scalar]
                .into_iter()
                .filter(|isa| isa.detected())
                .collect()
        })
    }

    fn detected(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => std::arch::is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("fma")
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            Self::Scalar => true,

            _ => false,
        }
    }
}

/// An instruction set that this processor is known to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpu(Isa);

/// Work that is compiled once for each instruction set.
pub(super) trait Task {
    /// What it gives.
    type Output;
    /// Does the work. Implementations are `#[inline(always)]`, so that they are compiled with the
    /// instructions of the caller.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

impl Cpu {
    /// The fastest instruction set of this processor.
    pub fn best() -> Self {
        Self(Isa::available().first().copied().unwrap_or(Isa::Scalar))
    }

    /// A certain instruction set; `None` if this processor lacks it.
    pub fn with(isa: Isa) -> Option<Self> {
        Isa::available().contains(&isa).then_some(Self(isa))
    }

    /// The instruction set.
    pub fn isa(self) -> Isa {
        self.0
    }

    /// Numbers in a vector of this instruction set.
    pub(super) fn lanes(self) -> usize {
        self.run(Lanes)
    }

    /// Rows of a tile of the matrix product.
    pub(super) fn tile_rows(self) -> usize {
        self.run(TileRows)
    }

    /// Runs a task with this instruction set.
    pub(super) fn run<T: Task>(self, task: T) -> T::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a `Cpu` of this kind is made only after the processor said it has it.
            Isa::Avx512 => unsafe { run_avx512(task) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a `Cpu` of this kind is made only after the processor said it has it.
            Isa::Avx2 => unsafe { run_avx2(task) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: a `Cpu` of this kind is made only after the processor said it has it.
            Isa::Neon => unsafe { run_neon(task) },
            _ => task.run(Scalar),
        }
    }
}

struct Lanes;

impl Task for Lanes {
    type Output = usize;
    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> usize {
        S::LANES
    }
}

struct TileRows;

impl Task for TileRows {
    type Output = usize;
    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> usize {
        S::ROWS
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn run_avx512<T: Task>(task: T) -> T::Output {
    // SAFETY: the caller vouches for the instruction set.
    task.run(unsafe { Avx512::new() })
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<T: Task>(task: T) -> T::Output {
    // SAFETY: the caller vouches for the instruction set.
    task.run(unsafe { Avx2::new() })
}

#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
fn run_neon<T: Task>(task: T) -> T::Output {
    // SAFETY: the caller vouches for the instruction set.
    task.run(unsafe { Neon::new() })
}
