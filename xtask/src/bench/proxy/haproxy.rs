//! HAProxy before the same backend, set up as a fair peer: two threads, connections kept on both sides, no log.

use std::net::SocketAddr;

/// Its configuration.
pub(super) fn configuration(at: SocketAddr, backend: SocketAddr, connections: usize) -> String {
    let most = connections * 4;
    format!(
        "global\n  nbthread 2\n  maxconn {most}\n\
         defaults\n  mode http\n  timeout connect 500ms\n  timeout client 60s\n  timeout server 60s\n  \
         option forwardfor\n  option http-keep-alive\n  http-reuse always\n\
         frontend front\n  bind {at}\n  unique-id-format %{{+X}}o%ci_%Ts_%rt\n  unique-id-header X-Request-Id\n  \
         default_backend back\n\
         backend back\n  server one {backend} maxconn {most}\n"
    )
}
