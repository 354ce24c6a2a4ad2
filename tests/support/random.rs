//! Random tests: cases under fixed seeds, and random damage to files.
//!
//! Each random test runs a tenth of its cases always, and all of them in a test whose name ends in `_in_full`, which is
//! ignored because it takes long. A case that fails prints the command that runs it alone.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{env, ops::Range, thread};

/// Environment variable with the seed of the one case to run.
const SEED: &str = "MONOSCOPE_SEED";

/// Seeds of the cases of a random test.
pub struct Cases(pub Range<u64>);

impl Cases {
    /// Runs the check with each seed and the random numbers that follow from it.
    pub fn run(self, mut check: impl FnMut(u64, &mut ChaCha8Rng)) {
        for seed in self.seeds() {
            let case = Case(seed);
            check(seed, &mut ChaCha8Rng::seed_from_u64(seed));
            drop(case);
        }
    }

    /// Gives a reader a mutant of a file for each seed, taking the files by turns, and checks that it both reads and
    /// refuses enough of them, as shares of all. The reader gets the index of the file and its bytes, and says whether it
    /// read them.
    pub fn mutants(
        self,
        wholes: &[&[u8]],
        [least_read, least_refused]: [f64; 2],
        mut reads: impl FnMut(usize, Vec<u8>) -> bool,
    ) {
        let is_alone = env::var_os(SEED).is_some();
        let (mut read, mut cases) = (0, 0);
        self.run(|seed, random| {
            let index = seed as usize % wholes.len();
            read += usize::from(reads(index, mutate(wholes[index], random)));
            cases += 1;
        });
        let [read_share, refused_share] = [read, cases - read].map(|count| count as f64 / cases as f64);
        assert!(
            is_alone || (read_share >= least_read && refused_share >= least_refused),
            "of {cases} mutants {read} were read; at least {least_read} of them must be, and {least_refused} refused"
        );
    }

    fn seeds(&self) -> Range<u64> {
        let Ok(seed) = env::var(SEED) else { return self.0.clone() };
        let seed = seed.parse().unwrap_or_else(|_| panic!("{SEED} is {seed}, which is no seed"));
        seed..seed + 1
    }
}

/// A case that runs: prints its seed when its check panics.
struct Case(u64);

impl Drop for Case {
    fn drop(&mut self) {
        if thread::panicking() {
            let Self(seed) = self;
            let thread = thread::current();
            let test = thread.name().unwrap_or_default();
            eprintln!(
                "the case of seed {seed} failed; it alone: {SEED}={seed} cargo test --release --locked -- \
                 --include-ignored --exact {test}"
            );
        }
    }
}

/// The bytes with up to five changes, most often one, of kinds to which text and binary files are sensitive.
pub fn mutate(whole: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    const NUMBERS: [&str; 10] =
        ["1e300", "-5", "0", "99999999999", "1e-300", "NaN", "null", "{}", "[]", "true"];
    let mut bytes = whole.to_vec();
    for _ in 0..1 + random.random_range(0..3) * random.random_range(0..3) {
        if bytes.is_empty() {
            break;
        }
        let at = random.random_range(0..bytes.len());
        match random.random_range(0..10) {
            0 => bytes[at] = random.random(),
            1 => bytes[at] ^= 1 << random.random_range(0..8),
            // A character for another keeps more of the form of a text.
            2 => bytes[at] = random.random_range(b'0'..=b'z'),
            3 => bytes[at] = b"0123456789,:[]{}\"\\ -.eF\n#"[random.random_range(0..25)],
            4 => bytes.insert(at, random.random_range(b' '..=b'~')),
            5 => drop(bytes.drain(at..(at + random.random_range(1..20)).min(bytes.len()))),
            6 => {
                // A piece once more, there or elsewhere.
                let longest = 40.max(bytes.len() / 20);
                let end = (at + random.random_range(1..=longest)).min(bytes.len());
                let (piece, to) = (bytes[at..end].to_vec(), random.random_range(0..=bytes.len()));
                bytes.splice(to..to, piece);
            }
            7 => {
                let number = NUMBERS[random.random_range(0..NUMBERS.len())];
                if let Some(digit) = bytes[at..].iter().position(u8::is_ascii_digit) {
                    bytes.splice(at + digit..=at + digit, number.bytes());
                }
            }
            // Lengths and offsets become huge.
            8 => bytes[at..].iter_mut().take(4).for_each(|byte| *byte = 0xff),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

/// A [`mutate`]d text; what is no UTF-8 in it is replaced, as the readers of texts do.
pub fn mutate_text(whole: &str, random: &mut ChaCha8Rng) -> String {
    String::from_utf8_lossy(&mutate(whole.as_bytes(), random)).into_owned()
}
