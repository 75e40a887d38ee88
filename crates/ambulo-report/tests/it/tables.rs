//! Tables for a spreadsheet.

use ambulo::kinematics::AngleId;
use ambulo::parameters::ParameterId;
use ambulo_report::{angles_csv, events_csv, parameters_csv};

use crate::sample;

/// Rows of fields; the samples' only quoted fields hold no comma after splitting by this rule.
fn rows(table: &str) -> Vec<Vec<String>> {
    table
        .strip_suffix("\r\n")
        .expect("a table ends its last row")
        .split("\r\n")
        .map(|row| {
            let mut fields = vec![String::new()];
            let mut quoted = false;
            for c in row.chars() {
                match c {
                    '"' => quoted = !quoted,
                    ',' if !quoted => fields.push(String::new()),
                    c => fields.last_mut().expect("never empty").push(c),
                }
            }
            fields
        })
        .collect()
}

#[track_caller]
fn assert_rectangular(table: &[Vec<String>]) {
    assert!(table.iter().all(|row| row.len() == table[0].len()));
}

#[test]
fn parameters_have_a_row_a_stride_and_their_summaries() {
    let analysis = sample::full();
    let table = rows(&parameters_csv(&analysis));
    assert_rectangular(&table);
    assert_eq!(table[0].len(), 9 + ParameterId::ALL.len());
    assert_eq!(table.len(), 1 + analysis.strides.len() + 3 * 8);
    let column = table[0]
        .iter()
        .position(|name| name == "step_length [m]")
        .unwrap();
    let left = |statistic: &str| {
        let row = table
            .iter()
            .find(|row| row[0] == statistic && row[1] == "left")
            .unwrap();
        row[column].clone()
    };
    assert_eq!(left("value"), "0.508");
    assert_eq!(left("status"), "valid");
    assert_eq!(left("n"), "6");
    let unused = table
        .iter()
        .find(|row| row[0] == "stride" && row[7] == "false")
        .unwrap();
    assert_eq!(unused[8], "in a turn");
}

#[test]
fn units_follow_the_scale() {
    let table = rows(&parameters_csv(&sample::one_camera()));
    assert!(
        table[0]
            .iter()
            .any(|name| name == "step_length [leg lengths]")
    );
}

#[test]
fn events_carry_the_files_own_time() {
    let analysis = sample::full();
    let table = rows(&events_csv(&analysis));
    assert_rectangular(&table);
    assert_eq!(table.len(), 1 + analysis.events.len());
    assert_eq!(
        table[1],
        [
            "left",
            "initial_contact",
            "0.31",
            "31",
            "0.9",
            "consensus",
            "2.31",
            "232"
        ]
    );
}

#[test]
fn angles_have_a_row_a_percent() {
    let analysis = sample::full();
    let table = rows(&angles_csv(&analysis));
    assert_rectangular(&table);
    assert_eq!(table.len(), 102);
    assert_eq!(table[0].len(), 1 + 9 * 2 * 4);
    let column = table[0]
        .iter()
        .position(|name| name == "knee_flexion_right_mean_deg")
        .unwrap();
    let knee = analysis.angles[&AngleId::KneeFlexion]
        .right
        .as_ref()
        .unwrap();
    assert_eq!(table[71][column].parse(), Ok(knee.mean_deg[70]));
}

#[test]
fn an_empty_analysis_has_headers() {
    let analysis = sample::empty();
    assert_eq!(rows(&events_csv(&analysis)).len(), 1);
    assert_eq!(rows(&angles_csv(&analysis))[0], ["cycle_pct"]);
    assert_rectangular(&rows(&parameters_csv(&analysis)));
}
