//! What a JSON string stands for (RFC 8259, section 7).
//!
//! serde_json takes twice as long for this where every tenth byte is a backslash (14 ms to 7 for 10 MB), and cannot do it
//! piece by piece.

/// How far [`unescape`] has come.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// Bytes read.
    pub read: usize,
    /// Bytes written: no more than were read.
    pub written: usize,
    /// Why no more.
    pub end: End,
}

/// Where a reading ends.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The string may go on: all is read but an escape sequence that is not there as a whole.
    More,
    /// Before the quote that ends the string.
    Quote,
    /// Before something that no JSON string has.
    Invalid,
}

/// Writes what `from`, a part of a string that begins in no escape sequence, stands for; `to` is as long at least. Whether
/// it is UTF-8 is not looked at.
pub fn unescape(from: &[u8], to: &mut [u8]) -> Piece {
    let (mut read, mut written) = (0, 0);
    let end = loop {
        let plain = copy_plain(&from[read..], &mut to[written..]);
        read += plain;
        written += plain;
        match from[read..] {
            [b'\\', escape, ..] if SHORT[usize::from(escape)] != 0 => {
                to[written] = SHORT[usize::from(escape)];
                read += 2;
                written += 1;
            }
            [b'\\', b'u', ..] => match unicode(&from[read..]) {
                Ok((length, character)) => {
                    read += length;
                    written += character.encode_utf8(&mut to[written..]).len();
                }
                Err(end) => break end,
            },
            [] | [b'\\'] => break End::More,
            [b'"', ..] => break End::Quote,
            _ => break End::Invalid,
        }
    };
    Piece { read, written, end }
}

/// Copies what stands for itself: all up to a quote, a backslash or a control character. How much that is.
fn copy_plain(from: &[u8], to: &mut [u8]) -> usize {
    const WORD: usize = size_of::<u64>();
    let mut done = 0;
    // Most stretches are short: a word is copied before it is known how much of it counts.
    while let (Some(word), Some(place)) = (
        from[done..].first_chunk::<WORD>(),
        to[done..].first_chunk_mut::<WORD>(),
    ) {
        *place = *word;
        let special = special(u64::from_le_bytes(*word));
        if special != 0 {
            return done + special.trailing_zeros() as usize / 8;
        }
        done += WORD;
    }
    let plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | ..0x20);
    let rest = from[done..].iter().take_while(|byte| plain(byte)).count();
    to[done..done + rest].copy_from_slice(&from[done..done + rest]);
    done + rest
}

/// The highest bit of the first byte (the lowest) that is a quote, a backslash or a control character; bytes behind it may
/// have theirs, too, for nothing: taking one byte from another borrows of the next.
fn special(word: u64) -> u64 {
    const EACH: u64 = u64::MAX / 0xff;
    let below = |word: u64, bound: u8| word.wrapping_sub(EACH * u64::from(bound)) & !word;
    let is = |byte: u8| below(word ^ (EACH * u64::from(byte)), 1);
    (is(b'"') | is(b'\\') | below(word, 0x20)) & (EACH << 7)
}

/// What the escape sequences of two characters stand for, by the second; 0 is no such one. Of all that could be looked at,
/// a table is what processors need not guess at.
const SHORT: [u8; 256] = {
    let mut short = [0; 256];
    let pairs = *b"\"\"\\\\//b\x08f\x0cn\nr\rt\t";
    let mut n = 0;
    while n < pairs.len() {
        short[pairs[n] as usize] = pairs[n + 1];
        n += 2;
    }
    short
};

/// From here on a surrogate is the second of a pair (Unicode, section 3.8).
const LOW_SURROGATES: u16 = 0xDC00;

/// `\uXXXX`, or two of them that are a surrogate pair.
fn unicode(from: &[u8]) -> Result<(usize, char), End> {
    let first = unit(from)?;
    if let Some(character) = char::from_u32(first.into()) {
        return Ok((6, character));
    }
    if first >= LOW_SURROGATES {
        return Err(End::Invalid);
    }
    let units = [first, unit(&from[6..])?];
    match char::decode_utf16(units).next() {
        Some(Ok(character)) => Ok((12, character)),
        _ => Err(End::Invalid),
    }
}

fn unit(from: &[u8]) -> Result<u16, End> {
    let (begin, digits) = from.split_at(from.len().min(2));
    if !b"\\u".starts_with(begin) {
        return Err(End::Invalid);
    }
    let digits = &digits[..digits.len().min(4)];
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(End::Invalid);
    }
    if digits.len() < 4 {
        return Err(End::More);
    }
    let digits = std::str::from_utf8(digits).map_err(|_| End::Invalid)?;
    u16::from_str_radix(digits, 16).map_err(|_| End::Invalid)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(written: &str) -> (String, usize, End) {
        let mut to = vec![0; written.len()];
        let piece = unescape(written.as_bytes(), &mut to);
        to.truncate(piece.written);
        (
            String::from_utf8_lossy(&to).into_owned(),
            piece.read,
            piece.end,
        )
    }

    proptest! {
        #[test]
        fn every_string_that_serde_json_writes_is_read_again(text in r#"([a-z, ]{0,20}|["\\/\n\t\r\x08\x0c\u{1}é😀\u{7f}\u{80}]){0,20}"#) {
            let quoted = serde_json::to_string(&text).expect("a string");
            let inner = &quoted[1..];
            prop_assert_eq!(read(inner), (text, inner.len() - 1, End::Quote));
        }

        #[test]
        fn what_serde_json_reads_is_read_alike_and_what_it_refuses_is_refused(written in r#"(\\[u"\\/bfnrtx]|[dD][89aAcCdD][0-9a-fA-F]{2}|[0-9a-fA-F]{4}|[a ,é\x1f\x20\x7f"]){0,12}"#) {
            let (closed, quoted) = (format!("{written}\""), format!("\"{written}\""));
            let mut values = serde_json::Deserializer::from_str(&quoted).into_iter::<String>();
            match (values.next(), read(&closed)) {
                (Some(Ok(text)), (ours, _, End::Quote)) => prop_assert_eq!(ours, text),
                (Some(Err(_)), (_, _, end)) => prop_assert_ne!(end, End::Quote),
                (theirs, ours) => prop_assert!(false, "{:?} {:?}", theirs, ours),
            }
        }

        #[test]
        fn a_string_may_be_read_in_any_pieces(text in r#"[a-z"\\\n😀]{0,60}"#, ascii in any::<bool>(), cut in 1..9_usize) {
            let mut quoted = serde_json::to_string(&text).expect("a string");
            if ascii {
                quoted = quoted.replace('😀', r"\ud83d\uDE00");
            }
            let (mut rest, mut begun, mut whole) = (&quoted.as_bytes()[1..quoted.len() - 1], Vec::new(), Vec::new());
            while !rest.is_empty() {
                let (next, later) = rest.split_at(cut.min(rest.len()));
                begun.extend_from_slice(next);
                rest = later;
                let mut to = vec![0; begun.len()];
                let piece = unescape(&begun, &mut to);
                prop_assert_eq!(piece.end, End::More);
                whole.extend_from_slice(&to[..piece.written]);
                begun.drain(..piece.read);
            }
            prop_assert_eq!((String::from_utf8_lossy(&whole).into_owned(), begun), (text, Vec::new()));
        }
    }

    #[test]
    fn it_ends_before_what_ends_it() {
        assert_eq!(read("ab\"c"), ("ab".into(), 2, End::Quote));
        assert_eq!(read("ab\\\"c\\"), ("ab\"c".into(), 5, End::More));
        assert_eq!(read("ab\\u00"), ("ab".into(), 2, End::More));
        assert_eq!(read("ab\\ud83d\\u"), ("ab".into(), 2, End::More));
        assert_eq!(read("ab\\ud83dx"), ("ab".into(), 2, End::Invalid));
        assert_eq!(read("ab\\udc00"), ("ab".into(), 2, End::Invalid));
        assert_eq!(
            read("0123456789\n"),
            ("0123456789".into(), 10, End::Invalid)
        );
        assert_eq!(read("ab\\x"), ("ab".into(), 2, End::Invalid));
    }
}
