//! Counting tests from the runner's output.

/// How many tests passed, failed and were skipped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) passed: usize,
    pub(super) failed: usize,
    /// A test that cannot run here prints `skipped: REASON` and passes; these are those lines.
    pub(super) skips: Vec<String>,
    /// Whether nextest runs them: then the harness lines inside each test's output are not counted a second time.
    pub(super) nextest: bool,
}

impl Count {
    /// Takes one line of output in; whether it is worth showing.
    pub(super) fn read(&mut self, line: &str) -> bool {
        let text = line.trim();
        if text.starts_with("skipped: ") {
            self.skips.push(text.to_owned());
            return false;
        }
        if let Some(summary) = text.strip_prefix("Summary [") {
            self.failed += number_before(summary, " failed") + number_before(summary, " timed out");
            self.passed += number_before(summary, " passed");
        } else if let Some(summary) = text.strip_prefix("test result: ").filter(|_| !self.nextest) {
            self.passed += number_before(summary, " passed");
            self.failed += number_before(summary, " failed");
        }
        !is_noise(text)
    }

    /// The closing line.
    pub(super) fn line(&self) -> String {
        let passed = self.passed.saturating_sub(self.skips.len());
        format!(
            "{passed} passed, {} failed, {} skipped",
            self.failed,
            self.skips.len()
        )
    }
}

/// The number that stands right before `word`; 0 when there is none.
fn number_before(text: &str, word: &str) -> usize {
    let Some(at) = text.find(word) else { return 0 };
    let digits = text[..at]
        .chars()
        .rev()
        .take_while(char::is_ascii_digit)
        .collect::<Vec<_>>();
    digits
        .into_iter()
        .rev()
        .collect::<String>()
        .parse()
        .unwrap_or(0)
}

/// Lines that would bury the rest: a passing test's own harness lines.
fn is_noise(text: &str) -> bool {
    text.is_empty()
        || text == "running 1 test"
        || text.starts_with("test result: ok. 1 passed")
        || (text.starts_with("test ") && text.ends_with(" ... ok"))
        || text.starts_with("stdout ───")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(nextest: bool, lines: &[&str], line: &str) {
        let mut count = Count {
            nextest,
            ..Count::default()
        };
        for text in lines {
            count.read(text);
        }
        assert_eq!(count.line(), line);
    }

    #[test]
    fn counts_what_nextest_says() {
        check(
            true,
            &["     Summary [   1.2s] 3 tests run: 2 passed, 1 failed, 0 skipped"],
            "2 passed, 1 failed, 0 skipped",
        );
        check(
            true,
            &[
                "test result: ok. 1 passed",
                "    skipped: no ../shared here",
                "Summary [  2s] 412 tests run: 412 passed (1 slow), 0 skipped",
            ],
            "411 passed, 0 failed, 1 skipped",
        );
    }

    #[test]
    fn counts_what_cargo_test_says() {
        check(
            false,
            &[
                "test result: ok. 7 passed; 0 failed; 0 ignored",
                "test result: FAILED. 1 passed; 2 failed",
            ],
            "8 passed, 2 failed, 0 skipped",
        );
    }
}
