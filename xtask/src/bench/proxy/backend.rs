//! A host that costs next to nothing: whatever is asked, the same 1 KiB.

use super::super::process::until_told;
use super::super::runtime;
use crate::say;
use anyhow::{Context, Result};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What an answer's body has, in bytes.
const BODY_BYTES: usize = 1024;

/// Serves until the parent closes standard input; the first line is the address.
pub fn serve() -> Result<bool> {
    runtime()?.block_on(async {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(any).await.context("listening")?;
        say(&listener.local_addr().context("an address")?.to_string());
        let serving = tokio::spawn(accept(listener));
        until_told().await?;
        serving.abort();
        Ok(true)
    })
}

async fn accept(listener: TcpListener) {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {BODY_BYTES}\r\n\r\n"
    );
    let answer: std::sync::Arc<[u8]> = [head.as_bytes(), &[b'x'; BODY_BYTES]].concat().into();
    while let Ok((stream, _)) = listener.accept().await {
        let answer = std::sync::Arc::clone(&answer);
        // A connection that ends is the proxy's affair.
        tokio::spawn(async move { drop(answer_all(stream, &answer).await) });
    }
}

/// Requests here have no body: a head is a request.
async fn answer_all(mut stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 16 << 10];
    let mut read = 0;
    loop {
        let more = stream.read(&mut buffer[read..]).await?;
        read += more;
        if more == 0 || read == buffer.len() {
            return Ok(());
        }
        if buffer[..read].ends_with(b"\r\n\r\n") {
            stream.write_all(answer).await?;
            read = 0;
        }
    }
}
