//! What the papers report.
//!
//! Only figures whose place in a table is certain stand here. Most of the figures by action are not
//! among our sources; their cells stay empty rather than be guessed.

use serde::Serialize;

/// A data set with a published protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DataSet {
    /// Human3.6M: train S1, S5, S6, S7, S8, test S9 and S11.
    H36m,
    /// HumanEva-I: train `Train/S1–S3`, test `Validate/S1–S3`.
    Humaneva,
    /// MPI-INF-3DHP: its own test sequences.
    #[serde(rename = "3dhp")]
    Mpi3dhp,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// MPJPE, in mm.
    Mpjpe,
    /// P-MPJPE, in mm.
    PMpjpe,
    /// MPJVE, in mm per frame.
    Mpjve,
    /// Error of acceleration; the paper's unit is not plausible for its values.
    Acceleration,
    /// Correct joints at 150 mm, in percent.
    Pck,
    /// Area under the curve of correct joints, in percent.
    Auc,
}

/// The 2D input of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Input2d {
    /// Projected truth.
    Truth,
    /// Detections of a cascaded pyramid network, fine-tuned on the data set.
    Cpn,
    /// Projected truth with Gaussian noise of a strength that the paper does not state.
    NoisyTruth,
    /// Not stated.
    Unstated,
}

/// A figure of a paper.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Published {
    /// Preset of the network it was measured with.
    pub preset: &'static str,
    /// Data set.
    pub data: DataSet,
    /// 2D input.
    pub input: Input2d,
    /// What is measured.
    pub measure: Measure,
    /// The action, or `None` for the table's average.
    pub action: Option<&'static str>,
    /// The figure.
    pub value: f64,
    /// Paper and table.
    pub source: &'static str,
    /// What is doubtful about it.
    pub note: Option<&'static str>,
}

/// The 15 actions of Human3.6M, in the order in which tables print them, by the names that the files
/// of the recipes use.
pub const H36M_ACTIONS: [&str; 15] = [
    "Directions",
    "Discussion",
    "Eating",
    "Greeting",
    "Phoning",
    "Photo",
    "Posing",
    "Purchases",
    "Sitting",
    "SittingDown",
    "Smoking",
    "Waiting",
    "WalkDog",
    "Walking",
    "WalkTogether",
];

const RTPCA: &str = "Liu et al. 2023, arXiv:2309.01365";
const RTPCA_2: &str = "Liu et al. 2023, arXiv:2309.01365, table 2";
const RTPCA_4: &str = "Liu et al. 2023, arXiv:2309.01365, tables 4 and 5";
const RTPCA_6: &str = "Liu et al. 2023, arXiv:2309.01365, table 6";
const RTPCA_7: &str = "Liu et al. 2023, arXiv:2309.01365, table 7";
const CONVFORMER: &str = "Diaz-Arias & Shin 2023, arXiv:2304.02147";
const CONVFORMER_3: &str = "Diaz-Arias & Shin 2023, arXiv:2304.02147, table 3";
const CONVFORMER_4: &str = "Diaz-Arias & Shin 2023, arXiv:2304.02147, table 4";
const CONVFORMER_5: &str = "Diaz-Arias & Shin 2023, arXiv:2304.02147, table 5";
const CONVFORMER_6: &str = "Diaz-Arias & Shin 2023, arXiv:2304.02147, table 6";

const UNIT: &str = "the paper's unit, mm/s², is not plausible";
const NOISE: &str = "the paper does not state the strength of the noise";
const MPI: &str = "the paper does not say how joints were counted";

/// Every figure, in the order of the papers' tables.
pub const FIGURES: &[Published] = &[
    h36m("rtpca_243", Input2d::Cpn, 40.1, RTPCA).noted("its cells average 39.99"),
    h36m("rtpca_243", Input2d::Cpn, 57.2, RTPCA).of("SittingDown"),
    h36m("rtpca_243", Input2d::Cpn, 32.0, RTPCA).by(Measure::PMpjpe),
    h36m("rtpca_243", Input2d::Truth, 19.5, RTPCA),
    h36m("rtpca_243", Input2d::Truth, 25.3, RTPCA).of("SittingDown"),
    h36m("ste_243", Input2d::Truth, 21.7, RTPCA_4),
    h36m("ste_tpca_243", Input2d::Truth, 20.0, RTPCA_4),
    h36m("ste_xlr_243", Input2d::Truth, 20.9, RTPCA_4),
    acceleration("ste_243", 22.4),
    acceleration("ste_tpca_243", 10.7),
    acceleration("ste_xlr_243", 8.5),
    acceleration("rtpca_243", 7.3),
    noisy("ste_243", 30.8),
    noisy("ste_tpca_243", 23.3),
    noisy("ste_xlr_243", 25.7),
    noisy("rtpca_243", 20.8),
    h36m("ste_tpca_243_pool_none", Input2d::Truth, 20.9, RTPCA_6),
    h36m("ste_tpca_243_conv_none", Input2d::Truth, 22.1, RTPCA_6),
    h36m("ste_tpca_243_pool_conv_none", Input2d::Truth, 20.6, RTPCA_6),
    h36m(
        "ste_tpca_243_pool_conv_linear",
        Input2d::Truth,
        20.1,
        RTPCA_6,
    ),
    h36m(
        "ste_tpca_243_pool_conv_transconv",
        Input2d::Truth,
        20.9,
        RTPCA_6,
    ),
    h36m("rtpca_243_pyramid_q", Input2d::Truth, 21.2, RTPCA_7),
    h36m("rtpca_243_pyramid", Input2d::Truth, 19.9, RTPCA_7),
    Published {
        preset: "rtpca_27_humaneva",
        data: DataSet::Humaneva,
        input: Input2d::Unstated,
        measure: Measure::Mpjpe,
        action: None,
        value: 19.8,
        source: RTPCA_2,
        note: Some(
            "mean of its six cells; 19.1 is printed, and a row beside it is of protocol 2 elsewhere",
        ),
    },
    h36m("convformer_9", Input2d::Cpn, 49.4, CONVFORMER_5),
    h36m("convformer_27", Input2d::Cpn, 47.7, CONVFORMER_5),
    h36m("convformer_81", Input2d::Cpn, 45.0, CONVFORMER_5),
    h36m("convformer_143", Input2d::Cpn, 43.7, CONVFORMER_5),
    h36m("convformer_243", Input2d::Cpn, 43.2, CONVFORMER_5),
    h36m("convformer_243", Input2d::Cpn, 2.1, CONVFORMER)
        .by(Measure::Mpjve)
        .noted("the length of the window is not certain"),
    h36m("convformer_243", Input2d::Truth, 1.2, CONVFORMER)
        .by(Measure::Mpjve)
        .noted("the length of the window is not certain"),
    h36m("convformer_9_d16_s2_t2", Input2d::Cpn, 50.8, CONVFORMER_3),
    h36m("convformer_9_d16_s2_t4", Input2d::Cpn, 51.0, CONVFORMER_3),
    h36m("convformer_9_d16_s4_t2", Input2d::Cpn, 51.7, CONVFORMER_3),
    h36m("convformer_9_d32_s2_t4", Input2d::Cpn, 50.6, CONVFORMER_3),
    h36m("convformer_9_d32_s4_t2", Input2d::Cpn, 49.9, CONVFORMER_3),
    h36m("convformer_9_d64_s2_t2", Input2d::Cpn, 50.1, CONVFORMER_3),
    h36m("convformer_9_heads1", Input2d::Cpn, 52.3, CONVFORMER_3),
    h36m("convformer_9_heads2", Input2d::Cpn, 51.0, CONVFORMER_3),
    h36m("convformer_9_heads4", Input2d::Cpn, 49.6, CONVFORMER_3),
    h36m("convformer_9_k3", Input2d::Cpn, 51.7, CONVFORMER_4),
    h36m("convformer_9_k33", Input2d::Cpn, 51.6, CONVFORMER_4),
    h36m("convformer_9_k333", Input2d::Cpn, 50.8, CONVFORMER_4),
    h36m("convformer_9_k5", Input2d::Cpn, 50.5, CONVFORMER_4),
    h36m("convformer_9_k55", Input2d::Cpn, 52.0, CONVFORMER_4),
    h36m("convformer_9_k555", Input2d::Cpn, 51.9, CONVFORMER_4),
    h36m("convformer_9_k7", Input2d::Cpn, 50.5, CONVFORMER_4),
    h36m("convformer_9_k77", Input2d::Cpn, 50.1, CONVFORMER_4),
    h36m("convformer_9_k9", Input2d::Cpn, 51.5, CONVFORMER_4),
    h36m("convformer_9_k99", Input2d::Cpn, 50.8, CONVFORMER_4),
    h36m("convformer_9_k999", Input2d::Cpn, 50.6, CONVFORMER_4),
    h36m("convformer_9_k357", Input2d::Cpn, 50.6, CONVFORMER_4),
    h36m("convformer_9_k579", Input2d::Cpn, 51.6, CONVFORMER_4),
    h36m("convformer_9_dense", Input2d::Cpn, 52.4, CONVFORMER_6),
    mpi(Measure::Mpjpe, 53.6),
    mpi(Measure::Pck, 96.4),
    mpi(Measure::Auc, 69.8),
];

/// The average MPJPE of Human3.6M.
const fn h36m(preset: &'static str, input: Input2d, value: f64, source: &'static str) -> Published {
    Published {
        preset,
        data: DataSet::H36m,
        input,
        measure: Measure::Mpjpe,
        action: None,
        value,
        source,
        note: None,
    }
}

const fn acceleration(preset: &'static str, value: f64) -> Published {
    h36m(preset, Input2d::Truth, value, RTPCA_4)
        .by(Measure::Acceleration)
        .noted(UNIT)
}

const fn noisy(preset: &'static str, value: f64) -> Published {
    h36m(preset, Input2d::NoisyTruth, value, RTPCA_4).noted(NOISE)
}

const fn mpi(measure: Measure, value: f64) -> Published {
    Published {
        preset: "convformer_9",
        data: DataSet::Mpi3dhp,
        input: Input2d::Unstated,
        measure,
        action: None,
        value,
        source: CONVFORMER,
        note: Some(MPI),
    }
}

impl Published {
    const fn of(self, action: &'static str) -> Self {
        Self {
            action: Some(action),
            ..self
        }
    }

    const fn by(self, measure: Measure) -> Self {
        Self { measure, ..self }
    }

    const fn noted(self, note: &'static str) -> Self {
        Self {
            note: Some(note),
            ..self
        }
    }
}

impl DataSet {
    /// Every data set.
    pub const ALL: [Self; 3] = [Self::H36m, Self::Humaneva, Self::Mpi3dhp];

    /// The word for it on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::H36m => "h36m",
            Self::Humaneva => "humaneva",
            Self::Mpi3dhp => "3dhp",
        }
    }

    /// Its name, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::H36m => "Human3.6M",
            Self::Humaneva => "HumanEva-I",
            Self::Mpi3dhp => "MPI-INF-3DHP",
        }
    }

    /// The data set of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|data| data.name() == name)
    }

    /// The figures about it.
    pub fn figures(self) -> impl Iterator<Item = &'static Published> {
        FIGURES.iter().filter(move |figure| figure.data == self)
    }
}

impl Measure {
    /// Its name with its unit, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Mpjpe => "MPJPE mm",
            Self::PMpjpe => "P-MPJPE mm",
            Self::Mpjve => "MPJVE mm/frame",
            Self::Acceleration => "Accel mm/frame²",
            Self::Pck => "PCK150 %",
            Self::Auc => "AUC %",
        }
    }

    /// Whether more is better.
    pub fn higher_is_better(self) -> bool {
        matches!(self, Self::Pck | Self::Auc)
    }
}

impl Input2d {
    /// Its name, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Truth => "GT",
            Self::Cpn => "CPN",
            Self::NoisyTruth => "noisy GT",
            Self::Unstated => "?",
        }
    }
}

#[cfg(test)]
mod tests {
    use ambulo_nn::config::NetworkConfig;

    use super::*;

    #[test]
    fn every_figure_is_of_a_network_that_can_be_built_for_its_data() {
        for figure in FIGURES {
            let config = NetworkConfig::preset(figure.preset).unwrap();
            let joints = config.output_shape()[1];
            let expected = if figure.data == DataSet::Humaneva {
                15
            } else {
                17
            };
            assert_eq!(joints, expected, "{}", figure.preset);
        }
    }

    #[test]
    fn no_figure_stands_twice_and_actions_are_known() {
        for (index, figure) in FIGURES.iter().enumerate() {
            let place = |f: &Published| (f.preset, f.data, f.input, f.measure, f.action);
            assert!(
                FIGURES[..index]
                    .iter()
                    .all(|other| place(other) != place(figure)),
                "{}",
                figure.preset
            );
            assert!(
                figure
                    .action
                    .is_none_or(|action| H36M_ACTIONS.contains(&action))
            );
        }
    }

    #[test]
    fn the_main_results_are_those_of_the_papers() {
        let average = |preset: &str, input: Input2d, measure: Measure| {
            DataSet::H36m
                .figures()
                .find(|f| {
                    f.preset == preset
                        && f.input == input
                        && f.measure == measure
                        && f.action.is_none()
                })
                .map(|f| f.value)
        };
        assert_eq!(
            average("rtpca_243", Input2d::Truth, Measure::Mpjpe),
            Some(19.5)
        );
        assert_eq!(
            average("rtpca_243", Input2d::Cpn, Measure::PMpjpe),
            Some(32.0)
        );
        assert_eq!(
            average("convformer_243", Input2d::Cpn, Measure::Mpjpe),
            Some(43.2)
        );
        assert_eq!(
            average("convformer_243", Input2d::Truth, Measure::Mpjpe),
            None
        );
    }
}
