//! The tables as text.

use std::fmt::Write as _;

use ambulo::metrics::pose2d::coco::CocoEvaluation;
use ambulo::metrics::pose2d::pck::Pck;

use super::coco::CocoTable;
use super::pck::PckTable;
use crate::evaluate::columns::columns;

const DASH: &str = "–";

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| DASH.to_owned(), |value| format!("{value:.1}"))
}

fn share(pck: Option<&Pck>) -> String {
    match pck {
        None => DASH.to_owned(),
        Some(Pck {
            share,
            interval: Some([low, high]),
            ..
        }) => format!("{share:.3} ({low:.3} to {high:.3})"),
        Some(pck) => format!("{:.3}", pck.share),
    }
}

impl PckTable {
    /// The table, for people.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "{}: PCK at 0.2 of the torso (mid-shoulders to mid-hips), {} people, 95 % intervals by picture",
            self.data, self.people
        );
        let mut rows = vec![
            ["", "network", "joints alone", "torso across", "mean pose"]
                .map(str::to_owned)
                .to_vec(),
        ];
        rows.extend(self.rows.iter().map(|row| {
            vec![
                row.title.clone(),
                share(row.network.as_ref()),
                share(row.alone.as_ref()),
                share(row.diagonal.as_ref()),
                share(row.mean_pose.as_ref()),
            ]
        }));
        columns(&mut out, &rows);
        out.push('\n');
        let mut rows = vec![
            ["joint", "network", "mean pose"]
                .map(str::to_owned)
                .to_vec(),
        ];
        rows.extend(self.joints.iter().map(|row| {
            vec![
                row.joint.clone(),
                share(row.network.as_ref()),
                share(row.mean_pose.as_ref()),
            ]
        }));
        columns(&mut out, &rows);
        if let Some(missing) = &self.network_missing {
            let _ = writeln!(out, "network: {missing}");
        }
        out
    }
}

impl CocoTable {
    /// The table, for people.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "COCO keypoints, {} people", self.people);
        let mut rows = vec![
            [
                "network", "pictures", "boxes", "measure", "paper", "ours", "gap", "",
            ]
            .map(str::to_owned)
            .to_vec(),
        ];
        for row in &self.figures {
            let notes = row.missing.as_deref().into_iter().chain(row.paper.note);
            rows.push(vec![
                row.paper.preset.to_owned(),
                row.paper.part.to_owned(),
                row.paper.boxes.to_owned(),
                row.paper.measure.to_owned(),
                percent(Some(row.paper.value)),
                percent(row.ours),
                row.gap
                    .map_or_else(|| DASH.to_owned(), |gap| format!("{gap:+.1}")),
                notes.collect::<Vec<_>>().join("; "),
            ]);
        }
        columns(&mut out, &rows);
        out.push('\n');
        let mut rows = vec![
            [
                "annotated boxes",
                "AP",
                "AP.5",
                "AP.75",
                "AP(M)",
                "AP(L)",
                "AR",
                "AR.5",
                "AR.75",
                "AR(M)",
                "AR(L)",
            ]
            .map(str::to_owned)
            .to_vec(),
        ];
        for (name, evaluation) in [("network", &self.network), ("mean pose", &self.mean_pose)] {
            rows.push(ten(name, evaluation.as_ref()));
        }
        columns(&mut out, &rows);
        if let Some(missing) = &self.network_missing {
            let _ = writeln!(out, "network: {missing}");
        }
        out
    }
}

fn ten(name: &str, evaluation: Option<&CocoEvaluation>) -> Vec<String> {
    let scores = evaluation
        .map(|evaluation| evaluation.scores)
        .unwrap_or_default();
    let numbers = [
        scores.ap,
        scores.ap50,
        scores.ap75,
        scores.ap_medium,
        scores.ap_large,
        scores.ar,
        scores.ar50,
        scores.ar75,
        scores.ar_medium,
        scores.ar_large,
    ];
    let numbers = numbers.map(|number| percent(number.map(|share| 100.0 * share)));
    std::iter::once(name.to_owned()).chain(numbers).collect()
}
