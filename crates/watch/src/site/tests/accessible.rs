//! The pages as a real Chromium has them, light and dark, on a desk and on a phone: axe finds nothing that keeps somebody
//! from using one, and nothing is wider than the window. What they look like is left under `target/screenshots`.

use super::*;
use std::path::Path;
use std::process::Command;
use twinline_sim::{debian, needs};

/// Installed by `cargo xtask test`.
const AXE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../target/testdata/axe/node_modules/axe-core/axe.min.js"
);
const SCREENSHOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/screenshots");
const CHROMIUM: &str = "/usr/bin/chromium";
/// A browser that takes longer is ended.
const PATIENCE_S: &str = "240";
/// Windows: width, and the height of each page in it, in CSS pixels.
const WINDOWS: [(&str, u32, u32); 2] = [("desktop", 1280, 1400), ("phone", 360, 1900)];
/// Pages beside each other in a screenshot.
const IN_A_ROW: u32 = 7;
/// Colour schemes, as Chromium numbers them.
const SCHEMES: [(&str, u32); 2] = [("dark", 0), ("light", 1)];

/// Says what axe finds to whoever has the page in a frame.
const LOOK: &str = "<script>axe.run(document, { resultTypes: ['violations'] }).then(r => parent.postMessage({\
    dark: matchMedia('(prefers-color-scheme: dark)').matches,\
    wide: document.documentElement.scrollWidth > innerWidth,\
    passes: r.passes.length,\
    violations: r.violations.map(v => v.id + ' ' + v.nodes.map(n => n.target).join(' ')),\
    page: document.title }, '*'))</script></body>";

/// Writes down what all frames have said, once they have.
const HEAR: &str = "<script>const found = []; onmessage = e => { found.push(e.data);\
    if (found.length === document.querySelectorAll('iframe').length) {\
    const out = document.createElement('pre'); out.id = 'found';\
    out.textContent = JSON.stringify(found); document.body.append(out); } }</script>";

const FORM: [(&str, &str); 1] = [("content-type", "application/x-www-form-urlencoded")];

/// Every kind of page, those that tell of a fault too.
async fn pages() -> Vec<String> {
    let visit = Visit::to(World::busy().shown());
    let mut pages = Vec::new();
    for path in [
        "/",
        "/history",
        "/incidents/1",
        "/report",
        "/report/sent",
        "/subscribe",
        "/subscribe/sent",
        "/subscribe/t0ken",
        "/ack/t0ken",
        "/nowhere",
    ] {
        pages.push(visit.get(path).await.body);
    }
    for (path, body) in [
        ("/subscribe", "address=ada"),
        ("/subscribe", "address=http%3A%2F%2Facme.example%2F"),
        ("/report", "text="),
    ] {
        let got = visit.ask("POST", path, &FORM, body).await;
        assert_eq!(got.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        pages.push(got.body);
    }
    pages
}

/// A page that needs no server, with a look at it.
fn alone(page: &str) -> String {
    let style = page.find("<link rel=\"stylesheet\"").unwrap();
    let end = style + page[style..].find('>').unwrap() + 1;
    let css = include_str!("../style.css");
    let axe = format!("<script src=\"{AXE}\"></script>{LOOK}");
    let (before, after) = (&page[..style], page[end..].replace("</body>", &axe));
    format!("{before}<style>{css}</style>{after}")
}

/// Chromium's word on a document, in that scheme.
fn chromium(folder: &Path, document: &Path, scheme: u32, further: &[String]) -> String {
    let mut command = Command::new("timeout");
    command
        .args([PATIENCE_S, CHROMIUM, "--headless", "--disable-gpu"])
        // Whoever tests may be root, for whom its sandbox does not work; the pages are our own.
        .args([
            "--no-sandbox",
            "--hide-scrollbars",
            "--virtual-time-budget=60000",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .args(further)
        .arg(format!("file://{}", document.display()));
    let done = command.output().unwrap();
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap()
}

/// What axe has found, page by page.
fn found(dom: &str) -> Vec<Value> {
    let (_, found) = dom
        .split_once("<pre id=\"found\">")
        .expect("every page was looked at");
    let (found, _) = found.split_once("</pre>").unwrap();
    let found = found.replace("&lt;", "<").replace("&gt;", ">");
    serde_json::from_str(&found.replace("&amp;", "&")).unwrap()
}

#[tokio::test]
async fn nothing_keeps_anybody_from_using_a_page() {
    if !debian::met(Path::new(CHROMIUM).is_file(), "Chromium")
        || !needs::met(Path::new(AXE).is_file(), AXE)
    {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let pages = pages().await;
    for (number, page) in pages.iter().enumerate() {
        let file = folder.path().join(format!("{number}.html"));
        std::fs::write(file, alone(page)).unwrap();
    }
    std::fs::create_dir_all(SCREENSHOTS).unwrap();
    for (window, width, height) in WINDOWS {
        let frames = (0..pages.len()).map(|number| {
            format!("<iframe src=\"{number}.html\" width=\"{width}\" height=\"{height}\" style=\"border:0;vertical-align:top\"></iframe>")
        });
        let frames: String = frames.collect();
        let document = folder.path().join(format!("{window}.html"));
        let whole = format!("<!doctype html><body style=\"margin:0\">{HEAR}{frames}");
        std::fs::write(&document, whole).unwrap();
        for (scheme, number) in SCHEMES {
            let look = |further: &[String]| chromium(folder.path(), &document, number, further);
            let all = found(&look(&["--dump-dom".to_owned()]));
            assert_eq!(all.len(), pages.len());
            for page in all {
                assert_eq!(
                    page["violations"],
                    serde_json::json!([]),
                    "{window} {scheme}: {page}"
                );
                assert_eq!(page["wide"], false, "{window} {scheme}: {page}");
                assert_eq!(page["dark"], scheme == "dark");
                assert!(page["passes"].as_u64().unwrap() > 10, "{page}");
            }
            let rows = u32::try_from(pages.len()).unwrap().div_ceil(IN_A_ROW);
            let (wide, high) = (width * IN_A_ROW, height * rows);
            let shot = format!("{SCREENSHOTS}/status-page-{window}-{scheme}.png");
            look(&[
                format!("--window-size={wide},{high}"),
                format!("--screenshot={shot}"),
            ]);
            assert!(Path::new(&shot).is_file());
        }
    }
}
