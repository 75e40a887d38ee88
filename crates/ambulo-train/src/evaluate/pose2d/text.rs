//! The tables as text.

use std::fmt::Write as _;

use ambulo::metrics::pose2d::coco::CocoEvaluation;
use ambulo::metrics::pose2d::film::{JointDistance, LegShares};
use ambulo::metrics::pose2d::pck::Pck;

use super::coco::CocoTable;
use super::film::{FilmRow, FilmTable};
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

fn pixels(distance: Option<&JointDistance>) -> String {
    let median_px = distance.and_then(|distance| distance.median_px);
    median_px.map_or_else(|| DASH.to_owned(), |px| format!("{px:.1}"))
}

impl FilmTable {
    /// The table, for people.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "{}: keypoints of films against given ones (confidence {} at least), medians in pixels",
            self.recording, self.least_confidence
        );
        let titles = self.views.iter().map(|row| row.view.clone());
        let mut rows = vec![std::iter::once(String::new()).chain(titles).collect()];
        let mut put = |title: &str, cell: &dyn Fn(&FilmRow) -> String| {
            let cells = self.views.iter().map(cell);
            rows.push(std::iter::once(title.to_owned()).chain(cells).collect());
        };
        let share_of = |of: &JointDistance| {
            let share = 100.0 * of.found as f64 / of.given.max(1) as f64;
            percent((of.given > 0).then_some(share))
        };
        put("frames", &|row| row.frames.to_string());
        put("% of frames with the person", &|row| {
            percent(Some(100.0 * row.share_found))
        });
        put("% of given joints found", &|row| share_of(&row.all));
        put("distance to the given joints", &|row| {
            pixels(Some(&row.all))
        });
        put("distance to the motion in space", &|row| {
            pixels(row.reprojection.as_ref().map(|it| &it.found))
        });
        put("reference: given joints to the motion", &|row| {
            pixels(row.reprojection.as_ref().map(|it| &it.given))
        });
        let leg = |row: &FilmRow, of: &dyn Fn(&LegShares) -> f64| {
            let shares = row.legs.as_ref().map(|legs| {
                let all = [&legs.strict, &legs.exchanged, &legs.better];
                all.map(|shares| format!("{:.0}", 100.0 * of(shares)))
                    .join(" / ")
            });
            shares.unwrap_or_else(|| DASH.to_owned())
        };
        put("% of knees and ankles right *", &|row| {
            leg(row, &|shares| shares.joints)
        });
        put("% of legs right *", &|row| leg(row, &|shares| shares.legs));
        put("% of frames with both legs right *", &|row| {
            leg(row, &|shares| shares.frames)
        });
        let mut names: Vec<&str> = Vec::new();
        for joint in self.views.iter().flat_map(|row| &row.joints) {
            if !names.contains(&joint.joint.as_str()) {
                names.push(&joint.joint);
            }
        }
        for name in names {
            put(name, &|row| {
                let joint = row.joints.iter().find(|joint| joint.joint == name);
                pixels(joint.map(|joint| &joint.distance))
            });
        }
        columns(&mut out, &rows);
        let _ = writeln!(
            out,
            "* within 0.2 of the torso: sides as they are / exchanged in every frame / the better in each frame"
        );
        if let Some(axes) = self.axes {
            let _ = writeln!(out, "axes of calibration and motion: {axes}");
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
