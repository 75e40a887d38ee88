//! The generator behind NumPy's `RandomState`, so that epochs are shuffled as the published recipes do.

const N: usize = 624;
const M: usize = 397;

/// NumPy's legacy generator (MT19937) with its way of drawing whole numbers.
///
/// # Source
///
/// Matsumoto & Nishimura (1998), doi:10.1145/272991.272995.
#[derive(Debug, Clone)]
pub struct RandomState {
    state: Vec<u32>,
    next: usize,
}

impl RandomState {
    /// The generator of `numpy.random.RandomState(seed)`.
    pub fn new(seed: u32) -> Self {
        let mut state = Vec::with_capacity(N);
        let mut word = seed;
        state.push(word);
        for index in (1_u32..).take(N - 1) {
            word = (word ^ word >> 30)
                .wrapping_mul(1_812_433_253)
                .wrapping_add(index);
            state.push(word);
        }
        Self { state, next: N }
    }

    /// The next 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.next == N {
            self.twist();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= y << 7 & 0x9D2C_5680;
        y ^= y << 15 & 0xEFC6_0000;
        y ^ y >> 18
    }

    fn twist(&mut self) {
        for index in 0..N {
            let y = self.state[index] & 0x8000_0000 | self.state[(index + 1) % N] & 0x7FFF_FFFF;
            let odd = if y & 1 == 1 { 0x9908_B0DF } else { 0 };
            self.state[index] = self.state[(index + M) % N] ^ y >> 1 ^ odd;
        }
        self.next = 0;
    }

    /// A number in `0..=most`, by masking and drawing again.
    fn up_to(&mut self, most: u32) -> u32 {
        if most == 0 {
            return 0;
        }
        let mask = u32::MAX >> most.leading_zeros();
        loop {
            let number = self.next_u32() & mask;
            if number <= most {
                return number;
            }
        }
    }

    /// The numbers `0..count` in the order of `permutation` of `count` rows.
    pub fn permutation(&mut self, count: u32) -> Vec<u32> {
        let mut order: Vec<u32> = (0..count).collect();
        for last in (1..count).rev() {
            let other = self.up_to(last);
            order.swap(last as usize, other as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ten_thousandth_number_is_the_standards() {
        // The C++ standard requires this of its mt19937 with the default seed.
        let mut random = RandomState::new(5489);
        let last = (0..10_000).map(|_| random.next_u32()).last();
        assert_eq!(last, Some(4_123_659_995));
    }

    #[test]
    fn permutations_are_those_of_numpy_1234() {
        // numpy.random.RandomState(1234), `permutation` of an array of 10 rows, three times.
        let mut random = RandomState::new(1234);
        assert_eq!(random.permutation(10), [7, 2, 9, 1, 0, 8, 4, 5, 6, 3]);
        assert_eq!(random.permutation(10), [7, 3, 5, 1, 4, 8, 0, 2, 6, 9]);
        assert_eq!(random.permutation(7), [5, 1, 4, 3, 0, 2, 6]);
        let long = RandomState::new(1234).permutation(100_000);
        assert_eq!(long[..3], [13504, 72599, 42217]);
        assert_eq!(long[99_997..], [34086, 58067, 92975]);
    }
}
