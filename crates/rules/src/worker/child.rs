//! The worker's side: what the hidden `script-worker` role of the binary runs.

use super::frame::{self, Tag};
use crate::script::{Engine, Fault, Limits, Program};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::io::{self, Read, Write};

/// Address space beyond the scripts' own memory: the binary, its libraries, frames and the programs that are kept.
const BASE_ADDRESS_SPACE_MIB: u64 = 2048;

/// Answers frames until the input ends. The whole life of a worker process.
///
/// # Errors
/// When the parent's frames cannot be read or answered, or a limit cannot be set.
pub fn main() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    let Some((Tag::Limits, body)) = frame::read(&mut input)? else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the first frame must be the limits",
        ));
    };
    let (limits, cpu_s) = parse_limits(&body)?;
    confine(&limits, cpu_s)?;
    frame::write(&mut output, Tag::Ready, &[])?;
    answer(&mut input, &mut output, &limits)
}

/// Answers programs and calls until the input ends: what a worker does once its limits are set.
///
/// # Errors
/// When a frame cannot be read or answered, or is not the parent's to send.
pub fn answer(input: &mut impl Read, output: &mut impl Write, limits: &Limits) -> io::Result<()> {
    let mut engine = Engine::default();
    while let Some((tag, body)) = frame::read(input)? {
        match tag {
            Tag::Program => load(&mut engine, &body, limits, output)?,
            Tag::Call => call(&mut engine, &body, limits, output)?,
            _ => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a frame out of turn",
                ));
            }
        }
    }
    Ok(())
}

fn invalid(reason: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.to_string())
}

fn parse_limits(body: &[u8]) -> io::Result<(Limits, u64)> {
    let text = std::str::from_utf8(body).map_err(invalid)?;
    let numbers: Result<Vec<u64>, _> = text.split(' ').map(str::parse).collect();
    let [memory_mib, steps_10k, output_max_bytes, cpu_s] = numbers.map_err(invalid)?[..] else {
        return Err(invalid("four limits are wanted"));
    };
    let limits = Limits {
        memory_mib: u32::try_from(memory_mib).map_err(invalid)?,
        steps_10k: u32::try_from(steps_10k).map_err(invalid)?,
        output_max_bytes: usize::try_from(output_max_bytes).map_err(invalid)?,
        ..Limits::default()
    };
    Ok((limits, cpu_s))
}

/// No new file, no child, no core dump; address space and processor time are bounded.
fn confine(limits: &Limits, cpu_s: u64) -> io::Result<()> {
    let address_space = (BASE_ADDRESS_SPACE_MIB + u64::from(limits.memory_mib)) << 20;
    let fixed = [
        (Resource::As, address_space),
        (Resource::Cpu, cpu_s),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nofile, 3),
        (Resource::Nproc, 0),
    ];
    for (resource, limit) in fixed {
        let limit = Rlimit {
            current: Some(limit),
            maximum: Some(limit),
        };
        setrlimit(resource, limit)?;
    }
    Ok(())
}

fn load(
    engine: &mut Engine,
    body: &[u8],
    limits: &Limits,
    output: &mut impl Write,
) -> io::Result<()> {
    let program: Program = serde_json::from_slice(body).map_err(invalid)?;
    match engine.load(&program, limits) {
        Ok(()) => frame::write(output, Tag::Ready, &[]),
        Err(failure) => frame::write(output, Tag::Failure, &serde_json::to_vec(&failure)?),
    }
}

fn call(
    engine: &mut Engine,
    body: &[u8],
    limits: &Limits,
    output: &mut impl Write,
) -> io::Result<()> {
    let text = std::str::from_utf8(body).map_err(invalid)?;
    let (id, call) = text
        .split_at_checked(32)
        .ok_or_else(|| invalid("a call without a program"))?;
    if !engine.holds(id) {
        return frame::write(output, Tag::Unknown, &[]);
    }
    match engine.call(id, call, limits) {
        Ok(reply) => frame::write(output, Tag::Reply, reply.as_bytes()),
        Err(Fault { failure, .. }) => {
            frame::write(output, Tag::Failure, &serde_json::to_vec(&failure)?)
        }
    }
}
