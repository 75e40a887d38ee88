//! AVX-512: sixteen lanes, 32 registers.

use std::arch::x86_64::{
    __m512, __mmask16, _CMP_LT_OQ, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT,
    _mm256_loadu_si256, _mm512_abs_ps, _mm512_add_ps, _mm512_castsi512_ps, _mm512_cmp_ps_mask,
    _mm512_cvtepu16_epi32, _mm512_div_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_mask_storeu_ps,
    _mm512_mask_sub_ps, _mm512_maskz_loadu_ps, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps,
    _mm512_reduce_add_ps, _mm512_reduce_max_ps, _mm512_roundscale_ps, _mm512_scalef_ps,
    _mm512_set1_ps, _mm512_setzero_ps, _mm512_slli_epi32, _mm512_storeu_ps, _mm512_sub_ps,
};

use super::Simd;

/// Proof that the processor has AVX-512F.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Avx512(());

impl Avx512 {
    /// # Safety
    ///
    /// The processor has AVX-512F.
    pub(in super::super) unsafe fn new() -> Self {
        Self(())
    }
}

const ROUND: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;

#[inline(always)]
fn first(count: usize) -> __mmask16 {
    debug_assert!(count < 16);
    (1_u16 << count) - 1
}

impl Simd for Avx512 {
    type V = __m512;
    const LANES: usize = 16;
    const ROWS: usize = 14;

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: `self` proves the instruction set.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m512 {
        // SAFETY: `self` proves the instruction set, the caller the memory.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_first(self, from: *const f32, count: usize) -> __m512 {
        // SAFETY: `self` proves the instruction set, the caller the memory of the unmasked lanes.
        unsafe { _mm512_maskz_loadu_ps(first(count), from) }
    }

    #[inline(always)]
    unsafe fn load_half(self, from: *const u16) -> __m512 {
        // SAFETY: `self` proves the instruction set, the caller the memory.
        unsafe {
            let wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.cast()));
            _mm512_castsi512_ps(_mm512_slli_epi32::<16>(wide))
        }
    }

    #[inline(always)]
    unsafe fn store(self, v: __m512, to: *mut f32) {
        // SAFETY: `self` proves the instruction set, the caller the memory.
        unsafe { _mm512_storeu_ps(to, v) }
    }

    #[inline(always)]
    unsafe fn store_first(self, v: __m512, to: *mut f32, count: usize) {
        // SAFETY: `self` proves the instruction set, the caller the memory of the unmasked lanes.
        unsafe { _mm512_mask_storeu_ps(to, first(count), v) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves the instruction set.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves the instruction set.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves the instruction set.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn div(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves the instruction set.
        unsafe { _mm512_div_ps(a, b) }
    }

    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves the instruction set.
        unsafe { _mm512_max_ps(a, b) }
    }

    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves the instruction set.
        unsafe { _mm512_min_ps(a, b) }
    }

    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: `self` proves the instruction set.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn round(self, a: __m512) -> __m512 {
        // SAFETY: `self` proves the instruction set.
        unsafe { _mm512_roundscale_ps::<ROUND>(a) }
    }

    #[inline(always)]
    fn pow2(self, a: __m512) -> __m512 {
        // SAFETY: `self` proves the instruction set.
        unsafe { _mm512_scalef_ps(_mm512_set1_ps(1.0), a) }
    }

    #[inline(always)]
    fn times_pow2(self, a: __m512, n: __m512) -> __m512 {
        // SAFETY: `self` proves the instruction set.
        unsafe { _mm512_scalef_ps(a, n) }
    }

    #[inline(always)]
    fn abs(self, a: __m512) -> __m512 {
        // SAFETY: `self` proves the instruction set.
        unsafe { _mm512_abs_ps(a) }
    }

    #[inline(always)]
    fn copy_sign(self, a: __m512, sign: __m512) -> __m512 {
        // SAFETY: `self` proves the instruction set.
        unsafe {
            let size = _mm512_abs_ps(a);
            let negative = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(sign, _mm512_setzero_ps());
            _mm512_mask_sub_ps(size, negative, _mm512_setzero_ps(), size)
        }
    }

    #[inline(always)]
    fn sum(self, a: __m512) -> f32 {
        // SAFETY: `self` proves the instruction set.
        unsafe { _mm512_reduce_add_ps(a) }
    }

    #[inline(always)]
    fn largest(self, a: __m512) -> f32 {
        // SAFETY: `self` proves the instruction set.
        unsafe { _mm512_reduce_max_ps(a) }
    }
}
