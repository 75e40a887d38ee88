//! How fast the processor can multiply and add, as a yardstick for the kernels.

use super::cpu::{Cpu, Task};
use super::simd::Simd;

/// Independent sums: enough to hide the latency of an addition.
const SUMS: usize = 12;

/// Does `rounds` rounds of multiply-adds on registers alone, and returns how many there were; each is
/// two operations.
pub fn multiply_adds(cpu: Cpu, rounds: usize) -> usize {
    cpu.run(Chain { rounds })
}

struct Chain {
    rounds: usize,
}

impl Task for Chain {
    type Output = usize;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> usize {
        // Numbers that the compiler cannot know, or it would do the sums itself.
        let black = std::hint::black_box::<f32>;
        let (factor, term) = (s.splat(black(0.999)), s.splat(black(0.001)));
        let mut sums = [s.splat(0.0); SUMS];
        for sum in &mut sums {
            *sum = s.splat(black(1.0));
        }
        for _ in 0..self.rounds {
            for sum in &mut sums {
                *sum = s.fma(*sum, factor, term);
            }
        }
        let total = sums.iter().fold(0.0, |total, &sum| total + s.sum(sum));
        std::hint::black_box(total);
        self.rounds * SUMS * S::LANES
    }
}
