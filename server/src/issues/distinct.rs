//! How many different ones: exact for a few, estimated for many, in bounded room.
//!
//! Up to [`EXACT`] hashes are kept; beyond, HyperLogLog (Flajolet, Fusy, Gandouet, Meunier, 2007) with 2^11 registers,
//! whose standard error is 2.3 %. Small ranges are counted by empty registers, as there. Two can be united, in any order.

use sha2::{Digest, Sha256};

/// Hashes kept one by one.
const EXACT: usize = 64;
/// Binary logarithm of the number of registers.
const BITS: u32 = 11;
const REGISTERS: usize = 1 << BITS;

/// A set that only knows how large it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Distinct(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// Sorted.
    Exact(Vec<u64>),
    Registers(Box<[u8; REGISTERS]>),
}

impl Default for Form {
    fn default() -> Self {
        Form::Exact(Vec::new())
    }
}

/// The hash of a member. Not to be turned back into the member without trying them all.
pub fn hash(member: &str) -> u64 {
    let digest = Sha256::digest(member.as_bytes());
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn note(registers: &mut [u8; REGISTERS], hash: u64) -> bool {
    let rank = ((hash << BITS) | 1 << (BITS - 1)).leading_zeros() as u8 + 1;
    match registers.get_mut((hash >> (u64::BITS - BITS)) as usize) {
        Some(register) if *register < rank => {
            *register = rank;
            true
        }
        _ => false,
    }
}

fn note_all(registers: &mut [u8; REGISTERS], hashes: &[u64]) {
    for hash in hashes {
        note(registers, *hash);
    }
}

impl Distinct {
    /// What a set at most takes in the database whose members are known one by one.
    pub const MAX_EXACT_BYTES: usize = 1 + 8 * EXACT;

    /// Adds a member; whether that changed anything.
    pub fn insert(&mut self, hash: u64) -> bool {
        match &mut self.0 {
            Form::Registers(registers) => note(registers, hash),
            Form::Exact(hashes) => match hashes.binary_search(&hash) {
                Ok(_) => false,
                Err(at) if hashes.len() < EXACT => {
                    hashes.insert(at, hash);
                    true
                }
                Err(_) => {
                    let mut registers = Box::new([0; REGISTERS]);
                    note_all(&mut registers, hashes);
                    note(&mut registers, hash);
                    self.0 = Form::Registers(registers);
                    true
                }
            },
        }
    }

    /// Whether it has a member; `None` when it has too many to tell.
    pub fn contains(&self, hash: u64) -> Option<bool> {
        match &self.0 {
            Form::Exact(hashes) => Some(hashes.binary_search(&hash).is_ok()),
            Form::Registers(_) => None,
        }
    }

    /// Puts another member in the place of one; whether that one is known to be there.
    pub fn replace(&mut self, hash: u64, by: u64) -> bool {
        let Form::Exact(hashes) = &mut self.0 else { return false };
        let Ok(at) = hashes.binary_search(&hash) else { return false };
        hashes.remove(at);
        if let Err(at) = hashes.binary_search(&by) {
            hashes.insert(at, by);
        }
        true
    }

    /// Adds the members of another.
    pub fn unite(&mut self, other: &Distinct) {
        match &other.0 {
            Form::Exact(hashes) => {
                for hash in hashes {
                    self.insert(*hash);
                }
            }
            Form::Registers(theirs) => {
                let mut registers = theirs.clone();
                match &self.0 {
                    Form::Exact(hashes) => note_all(&mut registers, hashes),
                    Form::Registers(ours) => {
                        registers
                            .iter_mut()
                            .zip(ours.iter())
                            .for_each(|(register, our)| *register = *our.max(register));
                    }
                }
                self.0 = Form::Registers(registers);
            }
        }
    }

    /// How many members there are, about.
    pub fn count(&self) -> u64 {
        let registers = match &self.0 {
            Form::Exact(hashes) => return hashes.len() as u64,
            Form::Registers(registers) => registers,
        };
        let size = REGISTERS as f64;
        let sum: f64 = registers.iter().map(|register| (-f64::from(*register)).exp2()).sum();
        let estimate = 0.7213 / (1.0 + 1.079 / size) * size * size / sum;
        let empty = registers.iter().filter(|register| **register == 0).count() as f64;
        let is_small = estimate <= 2.5 * size && empty > 0.0;
        (if is_small { size * (size / empty).ln() } else { estimate }).round() as u64
    }

    /// For the database: a byte for the form, then hashes or registers.
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Form::Exact(hashes) => [0].into_iter().chain(hashes.iter().flat_map(|hash| hash.to_le_bytes())).collect(),
            Form::Registers(registers) => [1].into_iter().chain(registers.iter().copied()).collect(),
        }
    }

    /// Reverse of [`Distinct::to_bytes`]; what is no such thing is empty.
    pub fn from_bytes(bytes: &[u8]) -> Distinct {
        Distinct(match bytes.split_first() {
            Some((0, rest)) => {
                Form::Exact(rest.chunks_exact(8).filter_map(|c| Some(u64::from_le_bytes(c.try_into().ok()?))).collect())
            }
            Some((1, rest)) => {
                rest.try_into().map_or_else(|_| Form::default(), |array| Form::Registers(Box::new(array)))
            }
            _ => Form::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: std::ops::Range<u32>) -> Distinct {
        let mut distinct = Distinct::default();
        for n in range {
            distinct.insert(hash(&n.to_string()));
        }
        distinct
    }

    #[test]
    fn few_are_exact_many_are_near() {
        for size in [0, 1, 10, 64] {
            assert_eq!(of(0..size).count(), u64::from(size));
        }
        for size in [65, 200, 1000, 5000, 20_000, 200_000] {
            let error = of(0..size).count() as f64 / f64::from(size) - 1.0;
            assert!(error.abs() < 0.07, "{size}: {error}");
        }
    }

    #[test]
    fn again_changes_nothing() {
        let mut many = of(0..1000);
        assert!((0..1000).all(|n: u32| !many.insert(hash(&n.to_string()))));
    }

    #[test]
    fn united_is_as_if_all_had_come_to_one() {
        for (a, b) in [(0..10, 5..20), (0..50, 40..100), (0..10, 0..500), (0..900, 500..2000)] {
            let whole = of(a.start..b.end);
            for (mut one, other) in [(of(a.clone()), of(b.clone())), (of(b), of(a))] {
                one.unite(&other);
                assert_eq!(one, whole);
            }
        }
    }

    #[test]
    fn members_are_known_while_they_are_few() {
        assert_eq!(of(0..64).contains(hash("63")), Some(true));
        assert_eq!(of(0..64).contains(hash("64")), Some(false));
        assert_eq!(of(0..65).contains(hash("64")), None);
    }

    #[test]
    fn there_and_back() {
        for size in [0, 3, 64, 65, 5000] {
            assert_eq!(Distinct::from_bytes(&of(0..size).to_bytes()), of(0..size));
        }
        assert_eq!(Distinct::from_bytes(&[]), Distinct::default());
        assert_eq!(Distinct::from_bytes(&[1, 2, 3]), Distinct::default());
    }
}
