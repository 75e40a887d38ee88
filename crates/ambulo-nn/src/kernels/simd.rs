//! Vectors of `f32`: one trait, one implementation for each instruction set.

#[cfg(target_arch = "x86_64")]
pub(super) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(super) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(super) mod neon;
pub(super) mod scalar;

/// Vector arithmetic of one instruction set.
///
/// A value of an implementing type is proof that the processor has the instruction set: only
/// [`Cpu`](super::Cpu) makes one, after asking the processor. Arithmetic is therefore safe to call;
/// loads and stores through pointers are not.
///
/// Every method is inlined into a function compiled for the instruction set.
pub(super) trait Simd: Copy + Send + Sync {
    /// A vector.
    type V: Copy;
    /// Numbers in a vector.
    const LANES: usize;
    /// Rows of the tile that the matrix product keeps in registers, two vectors wide.
    const ROWS: usize;

    /// A vector with `x` in every lane.
    fn splat(self, x: f32) -> Self::V;

    /// Reads [`Self::LANES`] numbers.
    ///
    /// # Safety
    ///
    /// `from` points at that many readable numbers.
    unsafe fn load(self, from: *const f32) -> Self::V;

    /// Reads `count < LANES` numbers; the other lanes are 0.
    ///
    /// # Safety
    ///
    /// `from` points at `count` readable numbers.
    unsafe fn load_first(self, from: *const f32, count: usize) -> Self::V;

    /// Reads [`Self::LANES`] numbers of 16 bits: the upper halves of `f32` (bfloat16).
    ///
    /// # Safety
    ///
    /// `from` points at that many readable numbers.
    unsafe fn load_half(self, from: *const u16) -> Self::V;

    /// Writes [`Self::LANES`] numbers.
    ///
    /// # Safety
    ///
    /// `to` points at that many writable numbers.
    unsafe fn store(self, v: Self::V, to: *mut f32);

    /// Writes the first `count < LANES` numbers.
    ///
    /// # Safety
    ///
    /// `to` points at `count` writable numbers.
    unsafe fn store_first(self, v: Self::V, to: *mut f32, count: usize);

    /// `a + b`.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a · b`.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`.
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// The larger of each pair of lanes.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// The smaller of each pair of lanes.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a · b + c`, rounded once where the processor can.
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The nearest whole number.
    fn round(self, a: Self::V) -> Self::V;
    /// 2 to the power of the whole number `a`, from -126 to 127.
    fn pow2(self, a: Self::V) -> Self::V;
    /// `a` times 2 to the power of the whole number `n`, up to 127; from -126 on downwards it may be taken for that.
    #[inline(always)]
    fn times_pow2(self, a: Self::V, n: Self::V) -> Self::V {
        self.mul(a, self.pow2(self.max(n, self.splat(-126.0))))
    }
    /// Without its sign.
    fn abs(self, a: Self::V) -> Self::V;
    /// The size of `a` with the sign of `sign`.
    fn copy_sign(self, a: Self::V, sign: Self::V) -> Self::V;
    /// The sum of all lanes, in an order that depends on the instruction set alone.
    fn sum(self, a: Self::V) -> f32;
    /// The largest lane.
    fn largest(self, a: Self::V) -> f32;

    /// Asks for the cache line at an address, which need not be readable.
    #[inline(always)]
    fn prefetch(self, at: *const f32) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a hint; it never faults, and every x86-64 processor has it.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T1 }>(at.cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = at;
    }

    /// The first lanes of a slice, with 0 behind its end.
    #[inline(always)]
    fn read(self, from: &[f32]) -> Self::V {
        if from.len() >= Self::LANES {
            // SAFETY: the slice holds a whole vector.
            unsafe { self.load(from.as_ptr()) }
        } else {
            // SAFETY: the slice holds as many numbers as are read.
            unsafe { self.load_first(from.as_ptr(), from.len()) }
        }
    }

    /// Writes into a slice as many lanes as it holds.
    #[inline(always)]
    fn write(self, v: Self::V, to: &mut [f32]) {
        if to.len() >= Self::LANES {
            // SAFETY: the slice holds a whole vector.
            unsafe { self.store(v, to.as_mut_ptr()) }
        } else {
            // SAFETY: the slice holds as many numbers as are written.
            unsafe { self.store_first(v, to.as_mut_ptr(), to.len()) }
        }
    }
}
