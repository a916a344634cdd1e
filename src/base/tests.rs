//! What tests of every floor measure with.

use std::time::Instant;

/// How often a measurement is taken before it is believed. What else the machine does disturbs some of them, and not all.
const TRIES: usize = 5;

/// Checks that `large`, which does `times` as much as `small`, takes about `times` as long, and not the square of that. It
/// compares the two alone: nothing depends on how fast the machine is.
pub(crate) fn grows_in_proportion(times: u32, mut small: impl FnMut(), mut large: impl FnMut()) {
    let mut measured = Vec::new();
    while measured.len() < TRIES {
        let (of_small, of_large) = (seconds(&mut small), seconds(&mut large));
        measured.push((of_small, of_large));
        if is_in_proportion(times, of_small, of_large) {
            return;
        }
    }
    panic!("{times} times the work takes much longer than that, in seconds: {measured:.3?}");
}

/// Whether that is cost in proportion, with generous room: four times as much.
fn is_in_proportion(times: u32, of_small: f64, of_large: f64) -> bool {
    of_large <= of_small * f64::from(4 * times)
}

fn seconds(work: &mut impl FnMut()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64()
}

#[test]
fn cost_that_grows_with_the_square_is_noticed() {
    for times in [16, 20, 32] {
        assert!(is_in_proportion(times, 0.01, 0.01 * f64::from(times) * 3.0));
        assert!(!is_in_proportion(times, 0.01, 0.01 * f64::from(times * times)));
    }
}
