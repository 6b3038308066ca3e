//! The groups of the Secure Remote Password protocol (RFC 5054 appendix A). A client that took any group from a server would
//! give its password away: it accepts these, and as OTP does only those of 2048 bits and more (section 3.2).

use super::hash::HashAlg;

/// A group: its generator, and SHA-256 of its prime, which says as much as up to 1024 bytes of it.
struct Group {
    bits: usize,
    generator: u8,
    prime: [u8; 32],
}

const fn hex(text: &[u8; 64]) -> [u8; 32] {
    const fn digit(character: u8) -> u8 {
        match character {
            b'0'..=b'9' => character - b'0',
            _ => character - b'a' + 10,
        }
    }
    let mut out = [0; 32];
    let mut at = 0;
    // A constant expression: what is out of range would not compile.
    #[allow(clippy::indexing_slicing)]
    while at < 32 {
        out[at] = digit(text[2 * at]) << 4 | digit(text[2 * at + 1]);
        at += 1;
    }
    out
}

static GROUPS: &[Group] = &[
    Group {
        bits: 2048,
        generator: 2,
        prime: hex(b"91b71d6b40d439954568d412e883de5186f9381e25aef36e7a4607722f7e15ca"),
    },
    Group {
        bits: 3072,
        generator: 5,
        prime: hex(b"48cf8b092fbce4359d9871abf74f98e25b6163379eaa15cd9087e800c6d1c55c"),
    },
    Group {
        bits: 4096,
        generator: 5,
        prime: hex(b"4ee95187682bcb230ad26a95205f6920e84708f6251b3894329b09ec23919e33"),
    },
    Group {
        bits: 6144,
        generator: 5,
        prime: hex(b"d1bfe6d0925ce7e4da262b62861514a7755e35831e429f343e7b864848657efd"),
    },
    Group {
        bits: 8192,
        generator: 19,
        prime: hex(b"39ab4feab950a3128fb71accb9fc3965d857012e081998a85996e3ea8b3c3bcf"),
    },
];

/// Is it one of the groups? Both numbers big-endian, without leading zeros.
pub fn known_group(prime: &[u8], generator: &[u8]) -> bool {
    GROUPS.iter().any(|group| {
        group.bits == prime.len().saturating_mul(8)
            && generator == [group.generator]
            && HashAlg::Sha256.hash(&[prime]).as_ref() == group.prime
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The group of 2048 bits.
    const PRIME: &str = "\
        ac6bdb41324a9a9bf166de5e1389582faf72b6651987ee07fc3192943db56050a37329cbb4a099ed8193e0757767a13d\
        d52312ab4b03310dcd7f48a9da04fd50e8083969edb767b0cf6095179a163ab3661a05fbd5faaae82918a9962f0b93b8\
        55f97993ec975eeaa80d740adbf4ff747359d041d5c33ea71d281e446b14773bca97b43a23fb801676bd207a436c6481\
        f1d2b9078717461a5b9d32e688f87748544523b524b0d57d5ea77a2775d2ecfa032cfbdbf52fb3786160279004e57ae6\
        af874e7303ce53299ccc041c7bc308d82a5698f3a8d0c38271ae35f8e9dbfbb694b5c803d89f7ae435de236d525f5475\
        9b65e372fcd68ef20fa7111f9e4aff73";

    #[test]
    fn groups_are_known_by_prime_and_generator() {
        let mut prime = crate::crypto::testing::hex(PRIME);
        assert!(known_group(&prime, &[2]));
        assert!(!known_group(&prime, &[5]));
        assert!(!known_group(&prime, &[0, 2]));
        assert!(!known_group(&prime, &[]));
        prime[255] ^= 4;
        assert!(!known_group(&prime, &[2]));
        assert!(!known_group(&[], &[2]));
    }
}
