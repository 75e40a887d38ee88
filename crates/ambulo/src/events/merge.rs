//! The file's own events and the detected ones together.

use super::{GaitEvent, sort};

/// How far apart a file's event and a detected one may lie and still be the same.
pub const MERGE_WITHIN_S: f64 = 0.1;

/// Every event of the file, and those detected events that the file does not have.
///
/// A detected event gives way to the file's event of the same foot and kind within
/// [`MERGE_WITHIN_S`]; each keeps its own source.
pub fn merge(file_events: &[GaitEvent], detected: &[GaitEvent]) -> Vec<GaitEvent> {
    let same = |a: &GaitEvent, b: &GaitEvent| {
        a.side == b.side && a.kind == b.kind && (a.time_s - b.time_s).abs() <= MERGE_WITHIN_S
    };
    let mut merged = file_events.to_vec();
    merged.extend(
        detected
            .iter()
            .filter(|event| !file_events.iter().any(|stored| same(event, stored)))
            .copied(),
    );
    sort(&mut merged);
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Side;
    use crate::events::{EventKind, EventSource};

    fn contact(side: Side, time_s: f64, source: EventSource) -> GaitEvent {
        GaitEvent {
            side,
            kind: EventKind::InitialContact,
            time_s,
            frame: 0,
            confidence: 1.0,
            source,
        }
    }

    #[test]
    fn a_files_event_replaces_the_detected_one_and_nothing_else() {
        let file = [contact(Side::Left, 1.00, EventSource::File)];
        let detected = [
            contact(Side::Left, 1.06, EventSource::Consensus),
            contact(Side::Right, 1.02, EventSource::Consensus),
            contact(Side::Left, 2.10, EventSource::Consensus),
        ];
        let merged = merge(&file, &detected);
        assert_eq!(merged, [file[0], detected[1], detected[2]]);
        assert_eq!(merge(&file, &[]), file);
    }
}
