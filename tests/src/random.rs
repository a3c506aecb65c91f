//! Chance that can be had again.

/// A small generator: equal seeds give equal rounds.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// One from a seed that is not 0.
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// The next number below a bound that is not 0.
    pub fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}
