//! SHA-1 (FIPS 180-4) and HMAC (RFC 2104) with it, which hashed names of known hosts files are made with. It hides names
//! from a glance and protects nothing, so it is used for nothing else.

/// Bytes of a block.
const BLOCK: usize = 64;

/// The digest of a text.
fn digest(text: &[u8]) -> [u8; 20] {
    let mut padded = text.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(BLOCK), 0);
    if padded.len() - text.len() < 9 {
        padded.resize(padded.len() + BLOCK, 0);
    }
    let end = padded.len() - 8;
    padded[end..].copy_from_slice(&(text.len() as u64 * 8).to_be_bytes());
    let state = padded.chunks_exact(BLOCK).fold([0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0], compress);
    let mut digest = [0; 20];
    for (part, word) in digest.chunks_exact_mut(4).zip(state) {
        part.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

fn compress(state: [u32; 5], block: &[u8]) -> [u32; 5] {
    let mut words = [0_u32; 80];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    for at in 16..80 {
        words[at] = (words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1);
    }
    let mixed = words.iter().enumerate().fold(state, |[one, two, three, four, five], (at, word)| {
        let (mix, constant) = match at {
            0..20 => ((two & three) | (!two & four), 0x5a82_7999),
            20..40 => (two ^ three ^ four, 0x6ed9_eba1),
            40..60 => ((two & three) | (two & four) | (three & four), 0x8f1b_bcdc),
            _ => (two ^ three ^ four, 0xca62_c1d6),
        };
        let sum = one.rotate_left(5).wrapping_add(mix).wrapping_add(five).wrapping_add(constant).wrapping_add(*word);
        [sum, one, two.rotate_left(30), three, four]
    });
    std::array::from_fn(|at| state[at].wrapping_add(mixed[at]))
}

/// The code of a text with a key of 20 bytes.
pub(super) fn hmac(key: [u8; 20], text: &[u8]) -> [u8; 20] {
    let padded = |with: u8| {
        let mut block = [with; BLOCK];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block.to_vec()
    };
    let inner = digest(&[padded(0x36).as_slice(), text].concat());
    digest(&[padded(0x5c).as_slice(), &inner].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    }

    #[test]
    fn digests_and_codes_are_those_of_the_standards() {
        assert_eq!(hex(&digest(b"abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(hex(&digest(b"")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(hex(&digest(two_blocks)), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
        assert_eq!(hex(&hmac([0x0b; 20], b"Hi There")), "b617318655057264e28bc0b6fb378c8ef146be00");
    }
}
