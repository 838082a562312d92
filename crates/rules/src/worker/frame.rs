//! Frames: a length in four bytes, big end first, a tag, and the body.

use std::io::{self, Read, Write};

/// The greatest frame, in bytes: an item with all its comments, twice.
pub(super) const FRAME_MAX_BYTES: usize = 128 << 20;

/// What a frame says, by its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Tag {
    /// To the worker, first: the limits, `memory_mib steps_10k output_max_bytes cpu_s` as texts.
    Limits = b'L',
    /// To the worker: a program as JSON.
    Program = b'P',
    /// To the worker: a program's digest (32 bytes) and a call as JSON.
    Call = b'C',
    /// From the worker: done, nothing to say.
    Ready = b'K',
    /// From the worker: the answer as JSON.
    Reply = b'R',
    /// From the worker: the failure as JSON.
    Failure = b'F',
    /// From the worker: the program is not loaded (any more).
    Unknown = b'N',
}

impl Tag {
    const ALL: [Self; 7] = [
        Self::Limits,
        Self::Program,
        Self::Call,
        Self::Ready,
        Self::Reply,
        Self::Failure,
        Self::Unknown,
    ];

    pub(super) fn from_byte(byte: u8) -> io::Result<Self> {
        let known = Self::ALL.into_iter().find(|tag| *tag as u8 == byte);
        known.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "an unknown frame"))
    }
}

/// The bytes of a frame.
pub(super) fn encode(tag: Tag, parts: &[&[u8]]) -> io::Result<Vec<u8>> {
    let length: usize = parts.iter().map(|part| part.len()).sum::<usize>() + 1;
    let too_large = || io::Error::new(io::ErrorKind::InvalidInput, "the frame is over 128 MiB");
    if length > FRAME_MAX_BYTES {
        return Err(too_large());
    }
    let header = u32::try_from(length).map_err(|_| too_large())?;
    let mut bytes = Vec::with_capacity(length + 4);
    bytes.extend_from_slice(&header.to_be_bytes());
    bytes.push(tag as u8);
    for part in parts {
        bytes.extend_from_slice(part);
    }
    Ok(bytes)
}

/// The length that a header tells.
pub(super) fn length(header: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_be_bytes(header) as usize;
    if length == 0 || length > FRAME_MAX_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a frame of impossible length",
        ));
    }
    Ok(length)
}

/// Reads a frame; `None` at the end of the input.
pub(super) fn read(input: &mut impl Read) -> io::Result<Option<(Tag, Vec<u8>)>> {
    let mut header = [0; 4];
    match input.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut tag = [0; 1];
    let mut body = vec![0; length(header)? - 1];
    input.read_exact(&mut tag)?;
    input.read_exact(&mut body)?;
    Ok(Some((Tag::from_byte(tag[0])?, body)))
}

/// Writes a frame and flushes it.
pub(super) fn write(output: &mut impl Write, tag: Tag, body: &[u8]) -> io::Result<()> {
    output.write_all(&encode(tag, &[body])?)?;
    output.flush()
}
