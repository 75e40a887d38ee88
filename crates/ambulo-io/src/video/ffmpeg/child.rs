//! What a child process says, bounded and in time.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{ChildStderr, Command, Stdio};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::video::error::VideoError;

/// No answer of a probe is longer.
const MAX_ANSWER: u64 = 4 << 20;
/// Complaints kept: the last ones.
const MAX_COMPLAINTS: usize = 4;
/// No message is read further.
const MAX_LINE: u64 = 4096;

/// Runs a program to its end and returns what it wrote.
///
/// # Errors
///
/// A sentence on why it failed, from what it said.
pub(super) fn run(command: &mut Command, patience: Duration) -> Result<String, String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let read = |pipe: Option<Box<dyn Read + Send>>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(pipe) = pipe {
                // What could be read counts.
                let _ = pipe.take(MAX_ANSWER).read_to_end(&mut bytes);
            }
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let answer = read(child.stdout.take().map(|pipe| Box::new(pipe) as _));
    let complaint = read(child.stderr.take().map(|pipe| Box::new(pipe) as _));
    let limit = Instant::now() + patience;
    let status = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None if Instant::now() >= limit => {
                // It may just have ended.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("no answer within {} s", patience.as_secs_f64()));
            }
            None => thread::sleep(Duration::from_millis(2)),
        }
    };
    let answer = answer.join().unwrap_or_default();
    if status.success() {
        return Ok(answer);
    }
    let complaint = complaint.join().unwrap_or_default();
    let last = complaint.lines().rfind(|line| !line.trim().is_empty());
    Err(last.map_or_else(|| status.to_string(), |line| shown(line.trim())))
}

/// A message without what is no text.
fn shown(line: &str) -> String {
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}

/// When a frame is shown, in ticks; `None` if ffmpeg does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) ticks: Option<i64>,
}

/// What ffmpeg said so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    complaints: VecDeque<String>,
    time_base: Option<[u32; 2]>,
}

impl Said {
    /// The last complaints.
    pub(super) fn complaints(&self) -> String {
        let Ok(shared) = self.shared.lock() else {
            return String::new();
        };
        let complaints: Vec<String> = shared.complaints.iter().cloned().collect();
        complaints.join("; ")
    }

    /// The length of a tick in seconds, as a ratio.
    pub(super) fn time_base(&self) -> Option<[u32; 2]> {
        self.shared.lock().ok()?.time_base
    }

    fn take_in(&self, line: &str, stamps: &Sender<Stamp>) {
        match Line::parse(line) {
            // Nobody may be waiting any more.
            Line::Stamp(stamp) => drop(stamps.send(stamp)),
            Line::TimeBase(ratio) => {
                if let Ok(mut shared) = self.shared.lock() {
                    shared.time_base = Some(ratio);
                }
            }
            Line::Complaint(text) => {
                if let Ok(mut shared) = self.shared.lock()
                    && shared.complaints.back() != Some(&text)
                {
                    shared.complaints.push_back(text);
                    if shared.complaints.len() > MAX_COMPLAINTS {
                        shared.complaints.pop_front();
                    }
                }
            }
            Line::Other => {}
        }
    }
}

/// Listens to what ffmpeg says, on a thread, until it ends.
pub(super) fn listen(messages: ChildStderr, stamps: Sender<Stamp>) -> Result<Said, VideoError> {
    let said = Said::default();
    let mine = said.clone();
    thread::Builder::new()
        .name("video messages".to_owned())
        .spawn(move || {
            let mut messages = BufReader::new(messages);
            let mut line = Vec::new();
            loop {
                line.clear();
                let read = messages
                    .by_ref()
                    .take(MAX_LINE)
                    .read_until(b'\n', &mut line);
                if !matches!(read, Ok(1..)) {
                    return;
                }
                mine.take_in(&String::from_utf8_lossy(&line), &stamps);
            }
        })
        .map_err(VideoError::Read)?;
    Ok(said)
}

/// What a line of ffmpeg's messages means.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Stamp(Stamp),
    TimeBase([u32; 2]),
    Complaint(String),
    Other,
}

impl Line {
    fn parse(line: &str) -> Self {
        if line.starts_with("[Parsed_showinfo_0 ") {
            return Self::parse_showinfo(line).unwrap_or(Self::Other);
        }
        for level in ["[error] ", "[fatal] ", "[panic] "] {
            if let Some((_, text)) = line.split_once(level) {
                return Self::Complaint(shown(text.trim()));
            }
        }
        Self::Other
    }

    /// `… n:   0 pts:   1024 pts_time:0.0667 …` and `… config in time_base: 1/15360, …`.
    fn parse_showinfo(line: &str) -> Option<Self> {
        let mut text = line;
        // The filter and the level stand before it, in brackets.
        while text.starts_with('[') {
            (_, text) = text.split_once("] ")?;
        }
        if let Some(ratio) = text.strip_prefix("config in time_base: ") {
            let (ratio, _) = ratio.split_once(',')?;
            let (over, under) = ratio.trim().split_once('/')?;
            let ratio = [over.parse().ok()?, under.parse().ok()?];
            return (!ratio.contains(&0)).then_some(Self::TimeBase(ratio));
        }
        let frame = text.strip_prefix("n:")?;
        let (_, ticks) = frame.split_once(" pts:")?;
        let ticks = ticks.split_whitespace().next()?;
        Some(Self::Stamp(Stamp {
            ticks: ticks.parse().ok(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_ticks() {
        let frame = "[Parsed_showinfo_0 @ 0x55d] [info] n:  12 pts:   6144 pts_time:0.4     duration:    512";
        let stamp = |ticks| Line::Stamp(Stamp { ticks });
        assert_eq!(Line::parse(frame), stamp(Some(6144)));
        let unknown =
            "[Parsed_showinfo_0 @ 0x55d] [info] n:   0 pts:  NOPTS pts_time:NOPTS pos: 48";
        assert_eq!(Line::parse(unknown), stamp(None));
        let config =
            "[Parsed_showinfo_0 @ 0x55d] [info] config in time_base: 1/15360, frame_rate: 30/1";
        assert_eq!(Line::parse(config), Line::TimeBase([1, 15360]));
        let out = "[Parsed_showinfo_0 @ 0x55d] [info] config out time_base: 0/0, frame_rate: 0/0";
        assert_eq!(Line::parse(out), Line::Other);
        // What a file says within its messages is no time.
        let inside = "[Parsed_showinfo_0 @ 0x55d] [info]   side data - text n: 1 pts: 7";
        assert_eq!(Line::parse(inside), Line::Other);
    }

    #[test]
    fn complaints_are_kept_without_their_head() {
        let line = "[h264 @ 0x5] [error] error while decoding MB 3 4, bytestream -5\n";
        let text = "error while decoding MB 3 4, bytestream -5".to_owned();
        assert_eq!(Line::parse(line), Line::Complaint(text));
        assert_eq!(Line::parse("  Stream #0:0: Video: h264"), Line::Other);
    }
}
