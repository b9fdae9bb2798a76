//! What was looked at while something was worked out, so that it is worked out again when that changes, and not otherwise.
//!
//! What is looked at has a number; `world` gives them out, and notes each look. Nothing is noted unless somebody asks for it.

use std::cell::RefCell;

thread_local! {
    /// What this thread is working out now has looked at these. Work that is recorded is never handed to other threads in part.
    static LOOKS: RefCell<NumberSet> = RefCell::default();
}

/// Numbers that something looked at, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(Box<[u32]>);

impl Seen {
    pub fn meets(&self, numbers: &NumberSet) -> bool {
        self.0.iter().any(|number| numbers.has(*number))
    }
}

/// Runs the closure, and says what it noted.
pub(super) fn recorded<T>(run: impl FnOnce() -> T) -> (T, Seen) {
    LOOKS.with_borrow_mut(NumberSet::clear);
    let result = run();
    (result, LOOKS.with_borrow(|looks| Seen(looks.iter().collect())))
}

pub(super) fn note(number: u32) {
    LOOKS.with_borrow_mut(|looks| looks.add(number));
}

#[derive(Clone, Debug, Default)]
pub(super) struct NumberSet(Vec<u64>);

impl NumberSet {
    pub fn add(&mut self, number: u32) {
        let word = number as usize / 64;
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (number % 64);
    }

    pub fn has(&self, number: u32) -> bool {
        self.0.get(number as usize / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    fn clear(&mut self) {
        self.0.fill(0);
    }

    fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            let word = *word;
            (0..if word == 0 { 0 } else { 64 }).filter(move |bit| word & (1 << bit) != 0).map(move |bit| at as u32 * 64 + bit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_seen_once_and_by_whom_it_was_noted() {
        let ((), seen) = recorded(|| [700, 3, 64, 3].into_iter().for_each(note));
        assert_eq!(&*seen.0, [3, 64, 700]);
        let ((), other) = recorded(|| note(63));
        assert_eq!(&*other.0, [63]);
        let mut set = NumberSet::default();
        set.add(64);
        assert!(seen.meets(&set) && !other.meets(&set));
    }
}
