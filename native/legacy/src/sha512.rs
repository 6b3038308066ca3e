//! The compression function of SHA-512 and SHA-384 (FIPS 180-4 section 6.4.2) for processors that have AVX2 and BMI2, a
//! third faster than what there is elsewhere: the message schedules of two blocks are made side by side in vectors, in
//! between the rounds of the first. No time depends on the data.

/// Bytes of a block.
const BLOCK: usize = 128;

/// Hashes blocks into the state, two at a time, and gives how many bytes that was. It is up to the caller to do the rest:
/// a single block, or on another processor all.
pub fn compress(state: &mut [u64; 8], blocks: &[u8]) -> usize {
    let pairs = blocks.len() - blocks.len() % (2 * BLOCK);
    let done = blocks.get(..pairs).unwrap_or_default();
    if vectors::compress(state, done) {
        pairs
    } else {
        0
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod vectors {
    pub(super) fn compress(_state: &mut [u64; 8], _pairs: &[u8]) -> bool {
        false
    }
}

#[cfg(target_arch = "x86_64")]
mod vectors {
    use super::BLOCK;
    use core::arch::x86_64::*;

    #[rustfmt::skip]
    const K: [u64; 80] = [
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
    0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
    0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
    0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
    0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
    0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
    0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
    0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
    0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
    0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
    0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
    ];

    /// Two words of each of two blocks.
    type Words = __m256i;
    /// What sixteen rounds add to the state: words of the schedule with their constants.
    type Sixteen = [[u64; 2]; 8];

    pub(super) fn compress(state: &mut [u64; 8], pairs: &[u8]) -> bool {
        if !(is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2"))
        {
            return false;
        }
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
            // SAFETY: the processor has what the function is made for.
            unsafe { avx512(state, pairs) }
        } else {
            // SAFETY: as above.
            unsafe { avx2(state, pairs) }
        }
        true
    }

    fn load(bytes: &[u8; 16]) -> __m128i {
        // SAFETY: reads 16 bytes, at any address.
        unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
    }

    fn store(words: __m128i, to: &mut [u64; 2]) {
        // SAFETY: writes 16 bytes, at any address.
        unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), words) }
    }

    /// One round; the variables change their roles from call to call, not their places.
    macro_rules! round {
        ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $add:expr) => {
            $h = $h
                .wrapping_add($add)
                .wrapping_add(($e & $f).wrapping_add(!$e & $g))
                .wrapping_add($e.rotate_right(14) ^ $e.rotate_right(18) ^ $e.rotate_right(41));
            $d = $d.wrapping_add($h);
            $h = $h
                .wrapping_add((($a ^ $b) & ($b ^ $c)) ^ $b)
                .wrapping_add($a.rotate_right(28) ^ $a.rotate_right(34) ^ $a.rotate_right(39));
        };
    }

    /// Sixteen rounds, and what is to be done after every second of them.
    macro_rules! rounds {
        ($a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $add:expr, $between:ident) => {
            round!($a $b $c $d $e $f $g $h, $add[0][0]);
            round!($h $a $b $c $d $e $f $g, $add[0][1]);
            $between!(0);
            round!($g $h $a $b $c $d $e $f, $add[1][0]);
            round!($f $g $h $a $b $c $d $e, $add[1][1]);
            $between!(1);
            round!($e $f $g $h $a $b $c $d, $add[2][0]);
            round!($d $e $f $g $h $a $b $c, $add[2][1]);
            $between!(2);
            round!($c $d $e $f $g $h $a $b, $add[3][0]);
            round!($b $c $d $e $f $g $h $a, $add[3][1]);
            $between!(3);
            round!($a $b $c $d $e $f $g $h, $add[4][0]);
            round!($h $a $b $c $d $e $f $g, $add[4][1]);
            $between!(4);
            round!($g $h $a $b $c $d $e $f, $add[5][0]);
            round!($f $g $h $a $b $c $d $e, $add[5][1]);
            $between!(5);
            round!($e $f $g $h $a $b $c $d, $add[6][0]);
            round!($d $e $f $g $h $a $b $c, $add[6][1]);
            $between!(6);
            round!($c $d $e $f $g $h $a $b, $add[7][0]);
            round!($b $c $d $e $f $g $h $a, $add[7][1]);
            $between!(7);
        };
    }

    macro_rules! nothing {
        ($i:literal) => {};
    }

    /// Pairs of blocks with these features, rotating and xoring (three values) words in these ways.
    macro_rules! pairs_of_blocks {
        ($name:ident, $features:literal, $rotate:ident, $xor:ident) => {
            #[target_feature(enable = $features)]
            fn $name(state: &mut [u64; 8], pairs: &[u8]) {
                let big_endian = _mm256_broadcastsi128_si256(_mm_set_epi64x(
                    0x08090a0b0c0d0e0f,
                    0x0001020304050607,
                ));
                for pair in pairs.chunks_exact(2 * BLOCK) {
                    let (one, other) = pair.split_at(BLOCK);
                    let (one, other) = (one.as_chunks().0, other.as_chunks().0);
                    let mut schedule: [Words; 8] = [_mm256_setzero_si256(); 8];
                    for (words, (one, other)) in schedule.iter_mut().zip(one.iter().zip(other)) {
                        let words_of_both = _mm256_set_m128i(load(other), load(one));
                        *words = _mm256_shuffle_epi8(words_of_both, big_endian);
                    }

                    let mut now: Sixteen = [[0; 2]; 8];
                    let mut later: [Sixteen; 5] = [[[0; 2]; 8]; 5];
                    let mut constants = K.as_chunks::<2>().0.as_chunks::<8>().0.iter();
                    let mut laters = later.iter_mut();
                    macro_rules! put {
                        ($constants:expr, $later:expr, $i:literal) => {
                            let [first, second] = $constants[$i];
                            let constants = _mm_set_epi64x(second as i64, first as i64);
                            let added = _mm256_add_epi64(
                                schedule[$i],
                                _mm256_broadcastsi128_si256(constants),
                            );
                            store(_mm256_castsi256_si128(added), &mut now[$i]);
                            store(_mm256_extracti128_si256::<1>(added), &mut $later[$i]);
                        };
                    }
                    if let (Some(constants), Some(later)) = (constants.next(), laters.next()) {
                        put!(constants, later, 0);
                        put!(constants, later, 1);
                        put!(constants, later, 2);
                        put!(constants, later, 3);
                        put!(constants, later, 4);
                        put!(constants, later, 5);
                        put!(constants, later, 6);
                        put!(constants, later, 7);
                    }

                    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
                    for (constants, later) in constants.zip(laters) {
                        macro_rules! next {
                            ($i:literal) => {
                                let by_15 =
                                    _mm256_alignr_epi8::<8>(schedule[($i + 1) & 7], schedule[$i]);
                                let by_7 = _mm256_alignr_epi8::<8>(
                                    schedule[($i + 5) & 7],
                                    schedule[($i + 4) & 7],
                                );
                                let by_2 = schedule[($i + 7) & 7];
                                let sigma0 = $xor!(
                                    $rotate!(by_15, 1),
                                    $rotate!(by_15, 8),
                                    _mm256_srli_epi64::<7>(by_15)
                                );
                                let sigma1 = $xor!(
                                    $rotate!(by_2, 19),
                                    $rotate!(by_2, 61),
                                    _mm256_srli_epi64::<6>(by_2)
                                );
                                schedule[$i] = _mm256_add_epi64(
                                    _mm256_add_epi64(schedule[$i], by_7),
                                    _mm256_add_epi64(sigma0, sigma1),
                                );
                                put!(constants, later, $i);
                            };
                        }
                        rounds!(a b c d e f g h, now, next);
                    }
                    rounds!(a b c d e f g h, now, nothing);
                    for (word, add) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
                        *word = word.wrapping_add(add);
                    }

                    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
                    for later in &later {
                        rounds!(a b c d e f g h, later, nothing);
                    }
                    for (word, add) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
                        *word = word.wrapping_add(add);
                    }
                }
            }
        };
    }

    macro_rules! shifts {
        ($words:expr, $by:literal) => {
            _mm256_or_si256(
                _mm256_srli_epi64::<$by>($words),
                _mm256_slli_epi64::<{ 64 - $by }>($words),
            )
        };
    }
    macro_rules! xor_twice {
        ($one:expr, $two:expr, $three:expr) => {
            _mm256_xor_si256(_mm256_xor_si256($one, $two), $three)
        };
    }
    macro_rules! rotation {
        ($words:expr, $by:literal) => {
            _mm256_ror_epi64::<$by>($words)
        };
    }
    macro_rules! xor_at_once {
        ($one:expr, $two:expr, $three:expr) => {
            _mm256_ternarylogic_epi64::<0x96>($one, $two, $three)
        };
    }

    pairs_of_blocks!(avx2, "avx2,bmi1,bmi2", shifts, xor_twice);
    pairs_of_blocks!(
        avx512,
        "avx2,bmi1,bmi2,avx512f,avx512vl",
        rotation,
        xor_at_once
    );

    #[cfg(test)]
    mod tests {
        use super::*;

        /// FIPS 180-4 as it stands there.
        fn plain(state: &mut [u64; 8], block: &[u8]) {
            let mut w: Vec<u64> = block
                .as_chunks()
                .0
                .iter()
                .map(|word| u64::from_be_bytes(*word))
                .collect();
            for t in 16..80 {
                let (x, y) = (w[t - 15], w[t - 2]);
                let sigma0 = x.rotate_right(1) ^ x.rotate_right(8) ^ (x >> 7);
                let sigma1 = y.rotate_right(19) ^ y.rotate_right(61) ^ (y >> 6);
                w.push(
                    [w[t - 16], w[t - 7], sigma0, sigma1]
                        .iter()
                        .fold(0, |sum: u64, part| sum.wrapping_add(*part)),
                );
            }
            let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
            for (w, k) in w.iter().zip(K) {
                let t1 = h
                    .wrapping_add(e.rotate_right(14) ^ e.rotate_right(18) ^ e.rotate_right(41))
                    .wrapping_add((e & f) ^ (!e & g))
                    .wrapping_add(k)
                    .wrapping_add(*w);
                let t2 = (a.rotate_right(28) ^ a.rotate_right(34) ^ a.rotate_right(39))
                    .wrapping_add((a & b) ^ (a & c) ^ (b & c));
                (h, g, f, e, d, c, b, a) =
                    (g, f, e, d.wrapping_add(t1), c, b, a, t1.wrapping_add(t2));
            }
            for (word, add) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
                *word = word.wrapping_add(add);
            }
        }

        fn check(pairs_of_blocks: impl Fn(&mut [u64; 8], &[u8])) {
            for pairs in 0..5 {
                let data: Vec<u8> = (0..pairs * 2 * BLOCK).map(|i| (i * i / 3) as u8).collect();
                let mut state =
                    core::array::from_fn(|i| (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let mut expected = state;
                data.chunks(BLOCK)
                    .for_each(|block| plain(&mut expected, block));
                pairs_of_blocks(&mut state, &data);
                assert_eq!(state, expected, "{pairs}");
            }
        }

        #[test]
        fn each_form_is_sha_512_where_the_processor_has_it() {
            if is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
            {
                // SAFETY: the processor has what the function is made for.
                check(|state, data| unsafe { avx2(state, data) });
                if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
                    // SAFETY: as above.
                    check(|state, data| unsafe { avx512(state, data) });
                }
            }
        }

        #[test]
        fn what_is_not_two_blocks_is_left_to_the_caller() {
            for len in [0, 1, 128, 255, 256, 257, 384, 512] {
                let done = super::super::compress(&mut [1; 8], &vec![0; len]);
                assert!(done == 0 || done == len - len % 256, "{len}: {done}");
            }
        }
    }
}
