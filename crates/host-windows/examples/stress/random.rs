//! Chance that can be had again.

/// A small generator: equal seeds and turns give equal numbers.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// That of one turn of a phase.
    pub(crate) fn new(seed: u64, phase: u64, turn: u64) -> Self {
        // Far apart, or the first numbers of neighbours would be alike.
        let mixed = [phase, turn].into_iter().fold(seed, |mixed, number| {
            let mixed = (mixed ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            mixed ^ (mixed >> 29)
        });
        Self(mixed.max(1))
    }

    /// A number below a bound that is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The upper bits are the better ones.
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound
    }

    /// One in so many.
    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// Brings things into any order.
    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        for end in (1..things.len()).rev() {
            things.swap(end, self.below(end + 1));
        }
    }
}
