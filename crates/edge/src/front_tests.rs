use super::*;

#[test]
fn a_path_leads_to_one_place() {
    let host = |node| Route::Host { node };
    let cases = [
        ("/hooks/a", Route::Delivery { node: "a" }),
        ("/hooks/a/issues/x", Route::Delivery { node: "a" }),
        ("/hooks/", Route::Delivery { node: "" }),
        ("/hooks", host(None)),
        ("/hooksa", host(None)),
        ("/.well-known/twinline/a", Route::Directory { node: "a" }),
        (
            "/.well-known/twinline/a/b",
            Route::Directory { node: "a/b" },
        ),
        ("/metrics", Route::Private),
        ("/metrics/", Route::Private),
        ("/metrics/proofs", Route::Private),
        ("/metricsa", host(None)),
        ("/", host(None)),
        ("/v1/nodes", host(None)),
        ("/v1/nodes/", host(None)),
        ("/v1/nodes/a/pause", host(Some("a"))),
        ("/v1/twins", host(None)),
    ];
    for (path, expected) in cases {
        assert_eq!(Route::of(path), expected, "{path}");
    }
}
