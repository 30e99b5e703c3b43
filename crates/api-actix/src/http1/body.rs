//! Where the body of a request ends (RFC 9112, section 6.3), read strictly: what two readers could read as different
//! ends is refused.

use actix_http::{HttpMessage, Request};
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::{Bytes, BytesMut};
use bytes::Buf;

/// Most bytes of the line with the size of a chunk, its extensions included.
const MAX_SIZE_LINE: usize = 64;
/// Most bytes of all trailers of a body. They are read and thrown away.
const MAX_TRAILERS: usize = 4 * 1024;

/// How much of a body is still to come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Nothing.
    Ended,
    /// This many bytes.
    Length(u64),
    /// Chunks (RFC 9112, section 7.1).
    Chunks(Chunks),
    /// Nobody knows: there was a fault.
    Broken,
}

/// Where the reader of chunks is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chunks {
    /// Before the line with a chunk's size.
    Size,
    /// Inside a chunk, this many bytes before its end.
    Data(u64),
    /// After a chunk, before the end of its line.
    DataEnd,
    /// In the trailers, of which this many bytes have come.
    Trailers(usize),
}

/// It is not clear where the body ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Body {
    /// For a request whose head is sound: it has at most one of the two headers that tell.
    pub(super) fn of(request: &Request) -> Self {
        if request.chunked().unwrap_or(false) {
            return Self::Chunks(Chunks::Size);
        }
        let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.trim().parse().ok());
        match length {
            None | Some(0) => Self::Ended,
            Some(length) => Self::Length(length),
        }
    }

    /// The next part, as far as it has come. `None`: the body has ended, or more has to be read.
    ///
    /// # Errors
    /// [`Malformed`], from then on.
    pub(super) fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, Malformed> {
        let decoded = match self {
            Self::Ended => Ok(None),
            Self::Broken => Err(Malformed),
            Self::Length(left) => {
                let part = take(left, input);
                if *left == 0 {
                    *self = Self::Ended;
                }
                Ok(part)
            }
            Self::Chunks(chunks) => match chunks.decode(input) {
                Ok(Step::Part(part)) => Ok(Some(part)),
                Ok(Step::More) => Ok(None),
                Ok(Step::End) => {
                    *self = Self::Ended;
                    Ok(None)
                }
                Err(malformed) => Err(malformed),
            },
        };
        if decoded.is_err() {
            *self = Self::Broken;
        }
        decoded
    }
}

/// What comes of reading chunks.
enum Step {
    Part(Bytes),
    More,
    End,
}

impl Chunks {
    fn decode(&mut self, input: &mut BytesMut) -> Result<Step, Malformed> {
        loop {
            match self {
                Self::Size => {
                    let Some(line) = take_line(input, MAX_SIZE_LINE)? else { return Ok(Step::More) };
                    *self = match size(&line)? {
                        0 => Self::Trailers(0),
                        size => Self::Data(size),
                    };
                }
                Self::Data(left) => {
                    let part = take(left, input);
                    if *left == 0 {
                        *self = Self::DataEnd;
                    }
                    return Ok(part.map_or(Step::More, Step::Part));
                }
                Self::DataEnd => match take_line(input, 0)? {
                    Some(_) => *self = Self::Size,
                    None => return Ok(Step::More),
                },
                Self::Trailers(seen) => match take_line(input, MAX_TRAILERS - *seen)? {
                    Some(line) if line.is_empty() => return Ok(Step::End),
                    Some(line) if is_field(&line) => *seen += line.len(),
                    Some(_) => return Err(Malformed),
                    None => return Ok(Step::More),
                },
            }
        }
    }
}

/// As much as there is, at most `left` bytes.
fn take(left: &mut u64, input: &mut BytesMut) -> Option<Bytes> {
    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
    *left -= count as u64;
    (count > 0).then(|| input.split_to(count).freeze())
}

/// A line of at most `most` bytes, without its end, which is CR and LF: either of them alone ends lines for some
/// readers and not for others.
fn take_line(input: &mut BytesMut, most: usize) -> Result<Option<Bytes>, Malformed> {
    let Some(end) = input.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
        return if input.len() > most { Err(Malformed) } else { Ok(None) };
    };
    match input.get(end..end + 2) {
        _ if end > most => Err(Malformed),
        Some(b"\r\n") => {
            let line = input.split_to(end).freeze();
            input.advance(2);
            Ok(Some(line))
        }
        None if input[end] == b'\r' => Ok(None),
        _ => Err(Malformed),
    }
}

/// The size of a chunk, in hexadecimal digits, after which extensions may follow. These are ignored.
fn size(line: &[u8]) -> Result<u64, Malformed> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (digits, rest) = line.split_at(digits);
    let is_extension = matches!(rest.trim_ascii_start(), [] | [b';', ..]) && rest.iter().all(is_text);
    let text = std::str::from_utf8(digits).ok().filter(|_| is_extension);
    text.and_then(|text| u64::from_str_radix(text, 16).ok()).ok_or(Malformed)
}

/// Whether a trailer has a name and a colon, and nothing in it that is not text.
fn is_field(line: &[u8]) -> bool {
    let name = line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)).count();
    name > 0 && line.get(name) == Some(&b':') && line.iter().all(is_text)
}

fn is_text(byte: &u8) -> bool {
    *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes what comes in pieces of this size. Returns the body, whether it has ended, and what is left.
    fn decode(mut body: Body, bytes: &[u8], piece: usize) -> Result<(Vec<u8>, bool, Vec<u8>), Malformed> {
        let (mut input, mut decoded) = (BytesMut::new(), Vec::new());
        for piece in bytes.chunks(piece) {
            input.extend_from_slice(piece);
            while let Some(part) = body.decode(&mut input)? {
                decoded.extend_from_slice(&part);
            }
        }
        Ok((decoded, body == Body::Ended, input.to_vec()))
    }

    fn chunks(bytes: &str, piece: usize) -> Result<(Vec<u8>, bool, Vec<u8>), Malformed> {
        decode(Body::Chunks(Chunks::Size), bytes.as_bytes(), piece)
    }

    #[test]
    fn a_body_of_a_length_ends_there() {
        for piece in [1, 3, 100] {
            let found = decode(Body::Length(5), b"helloGET", piece).unwrap();
            assert_eq!(found, (b"hello".to_vec(), true, b"GET".to_vec()), "in pieces of {piece}");
        }
        assert_eq!(decode(Body::Length(5), b"hel", 2).unwrap(), (b"hel".to_vec(), false, Vec::new()));
    }

    #[test]
    fn chunks_end_behind_the_trailers() {
        for chunked in [
            "5\r\nhello\r\n0\r\n\r\n",
            "2\r\nhe\r\n003\r\nllo\r\n00\r\n\r\n",
            "5;a=\"b c\"\r\nhello\r\n0 ; x\r\nX: y\r\nX-Empty:\r\n\r\n",
        ] {
            for piece in [1, 2, 3, 7, 100] {
                let found = chunks(&format!("{chunked}GET"), piece).unwrap();
                assert_eq!(found, (b"hello".to_vec(), true, b"GET".to_vec()), "{chunked:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn what_readers_could_disagree_about_is_refused() {
        let long = |count: usize| "x".repeat(count);
        for chunked in [
            "5\nhello\r\n0\r\n\r\n".to_owned(),
            "5\r\nhello\n0\r\n\r\n".to_owned(),
            "5\r\nhelloX\r\n0\r\n\r\n".to_owned(),
            "0\r\nX: y\n\r\nGET / HTTP/1.1\r\n\r\n".to_owned(),
            "0\r\nX: y\r\n\nGET / HTTP/1.1\r\n\r\n".to_owned(),
            "0\r\n\n".to_owned(),
            "0\r\nno colon\r\n\r\n".to_owned(),
            "0\r\nX: \u{1}\r\n\r\n".to_owned(),
            "0\r\n: y\r\n\r\n".to_owned(),
            "\r\n".to_owned(),
            "-1\r\n".to_owned(),
            "+5\r\nhello\r\n".to_owned(),
            "0x5\r\nhello\r\n".to_owned(),
            " 5\r\nhello\r\n".to_owned(),
            "5 5\r\nhello\r\n".to_owned(),
            "10000000000000000\r\n".to_owned(),
            format!("5;{}\r\nhello", long(MAX_SIZE_LINE)),
            format!("5;{}", long(MAX_SIZE_LINE)),
            format!("0\r\nX: {}\r\n\r\n", long(MAX_TRAILERS)),
            format!("0\r\nX: {0}\r\nX: {0}\r\nX: {0}\r\n\r\n", long(MAX_TRAILERS / 2)),
        ] {
            for piece in [1, 2, 5, 10_000] {
                assert_eq!(chunks(&chunked, piece), Err(Malformed), "{chunked:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn after_a_fault_nothing_is_read() {
        let mut body = Body::Chunks(Chunks::Size);
        let mut input = BytesMut::from("X\r\n0\r\n\r\n");
        assert_eq!(body.decode(&mut input), Err(Malformed));
        assert_eq!(body.decode(&mut BytesMut::from("0\r\n\r\n")), Err(Malformed));
        assert_eq!(body, Body::Broken);
    }
}
