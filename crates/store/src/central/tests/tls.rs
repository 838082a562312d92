//! TLS: the server's certificate is checked, against the authority that was given.

use super::support::*;
use crate::central::*;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;
use twinline_sim::postgres::Postgres;

fn openssl(folder: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    command.args(arguments.split(' ')).current_dir(folder);
    let done = command
        .output()
        .expect("PostgreSQL's packages bring openssl along");
    assert!(done.status.success(), "{arguments}: {done:?}");
}

/// An authority and a certificate for 127.0.0.1 that it signed.
fn certificates(folder: &Path) {
    let new = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(
        folder,
        &format!("req -x509 {new} -days 2 -subj /CN=authority -keyout ca.key -out ca.pem"),
    );
    openssl(
        folder,
        &format!("req {new} -subj /CN=database -keyout server.key -out server.csr"),
    );
    std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    openssl(
        folder,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt",
    );
}

fn install(server: &Postgres, folder: &Path) {
    for name in ["server.crt", "server.key"] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let sql = format!(
            "COPY (SELECT regexp_split_to_table('{}', '\\n')) TO PROGRAM 'umask 077 && cat > {name}'",
            text.trim_end()
        );
        server.psql(&sql).unwrap();
    }
    server.set("ssl", "on").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_the_given_authority_is_taken_and_no_other() {
    let Some(server) = server(&[]) else { return };
    let (folder, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    certificates(folder.path());
    certificates(other.path());
    install(&server, folder.path());
    let url = format!("{}?sslmode=require", server.url());
    let client = |authority: &Path| {
        let pem = std::fs::read(authority.join("ca.pem")).unwrap();
        let address = CentralAddress::parse(&url, Some(&pem)).unwrap();
        CentralClient::start(address, settings(), Arc::new(TestClock::default()))
    };
    let trusted = client(folder.path());
    healthy(&trusted).await;
    let count = server.psql("SELECT count(*) > 0 FROM pg_stat_ssl WHERE ssl");
    assert_eq!(count.unwrap(), "t");
    let refused = client(other.path());
    let health = until(&refused, "refused", |h| h.commits.is_failing()).await;
    assert!(
        format!("{health:?}").to_lowercase().contains("certificate"),
        "{health:?}"
    );
    let none = CentralAddress::parse(&url, Some(b"no certificate")).unwrap_err();
    assert!(none.to_string().contains("central.ca"), "{none}");
}
