use super::*;

const PUBLIC: &[&str] = &[];
const OWN: &[&str] = &["10.0.0.0/8", "fd00::/8"];
const OWN_TURNED: &[&str] = &["fd00::/8", "10.0.0.0/8"];
const OTHER: &[&str] = &["10.0.0.0/8"];

/// How many transports nodes get that may reach these networks, one after the other.
fn check(nodes: &[&[&str]], expected: usize) {
    let mut transports = Transports::default();
    let mut made: Vec<Arc<dyn Transport>> = Vec::new();
    for networks in nodes {
        let networks: Vec<IpNet> = networks.iter().map(|net| net.parse().unwrap()).collect();
        let transport = transports.to(&networks).unwrap();
        if !made.iter().any(|known| Arc::ptr_eq(known, &transport)) {
            made.push(transport);
        }
    }
    assert_eq!(made.len(), expected);
}

#[tokio::test]
async fn a_few_nodes_with_the_same_networks_share_a_transport() {
    check(&[PUBLIC; SHARING_MAX], 1);
    check(&[PUBLIC; SHARING_MAX + 1], 2);
    check(&[OWN, OWN_TURNED], 1);
    check(&[PUBLIC, OWN, OTHER, PUBLIC], 3);
}
