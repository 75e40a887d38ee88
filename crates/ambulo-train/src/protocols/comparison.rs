//! The papers' tables beside our own numbers.

use std::collections::BTreeMap;

use ambulo::metrics::MetricError;
use ambulo::metrics::pose3d::{CorrectJoints, action_of};
use ambulo_nn::config::NetworkConfig;
use serde::Serialize;

use super::baselines::PoseLibrary;
use super::folder::{Folder, FolderError, Part};
use super::judge::{Answers, Judging, Mirroring, RootJoint, judge};
use super::published::{DataSet, H36M_ACTIONS, Input2d, Measure, Published};
use super::scores::{Counting, Errors, Scores, TakeScore};
use crate::batch::Lift;
use crate::datasets::takes::Takes;

/// Poses that the nearest-neighbour baseline chooses from.
const LIBRARY_POSES: usize = 2000;
/// What is missing where no network was given.
const NO_WEIGHTS: &str = "needs --weights";
/// Seed of the noise.
const NOISE_SEED: u64 = 1;

/// A network to judge.
pub struct Judged<'a> {
    /// Its settings.
    pub config: &'a NetworkConfig,
    /// Runs it: `[batch, frames, joints, channels]` in.
    pub lift: &'a mut Lift<'a>,
}

/// A data set's figures, ours beside the papers'.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Data set.
    pub data: DataSet,
    /// The papers' figures.
    pub figures: Vec<Figure>,
    /// Our own figures by group of takes, one table an input.
    pub tables: Vec<Table>,
    /// MPJPE under noise of several strengths.
    pub noise: Vec<NoiseRow>,
}

/// A figure of a paper and ours.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// The paper's.
    pub paper: Published,
    /// Ours, counted as the paper counts.
    pub ours: Option<f64>,
    /// Ours minus the paper's.
    pub gap: Option<f64>,
    /// What is missing for ours.
    pub missing: Option<String>,
}

/// Our figures on one input.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// The 2D input.
    pub input: Input2d,
    /// Why there are no figures of the network.
    pub network_missing: Option<String>,
    /// Why there are no figures of the baselines.
    pub baselines_missing: Option<String>,
    /// Rows, in the order of the papers' tables.
    pub rows: Vec<Row>,
    /// The mean over rows.
    pub average: Row,
    /// Correct joints on 14 and on 17 joints over all sequences (MPI-INF-3DHP).
    pub correct: Option<[CorrectJoints; 2]>,
    /// The same of the mean pose.
    pub correct_mean_pose: Option<[CorrectJoints; 2]>,
    /// The same of the nearest neighbour.
    pub correct_nearest: Option<[CorrectJoints; 2]>,
}

/// One row of a [`Table`]: an action, a subject's action, or a sequence.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Row {
    /// Its name.
    pub group: String,
    /// Frames, each counted once.
    pub frames: usize,
    /// As the papers count.
    pub upstream: Option<Means>,
    /// Each frame once.
    pub unique: Option<Means>,
    /// MPJPE of the mean training pose, in mm.
    pub mean_pose_mm: Option<f64>,
    /// MPJPE of the training pose that looks most alike, in mm.
    pub nearest_mm: Option<f64>,
}

/// Errors of a row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Means {
    /// MPJPE.
    pub mpjpe_mm: f64,
    /// P-MPJPE.
    pub p_mpjpe_mm: f64,
    /// N-MPJPE.
    pub n_mpjpe_mm: f64,
    /// MPJVE, per frame.
    pub mpjve_mm: Option<f64>,
    /// MPJVE, per second.
    pub mpjve_mm_per_s: Option<f64>,
    /// Error of acceleration, per frame².
    pub acceleration_mm: Option<f64>,
    /// Error of acceleration, per second².
    pub acceleration_m_per_s2: Option<f64>,
}

/// MPJPE under noise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NoiseRow {
    /// Its standard deviation, where the image is 2 wide.
    pub sd: f64,
    /// Average MPJPE, as the papers count.
    pub mpjpe_mm: f64,
}

/// Why a comparison cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ComparisonError {
    /// A file that is there cannot be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The network's answer cannot be measured.
    #[error("the network's answer cannot be measured")]
    Metric(#[from] MetricError),
}

impl Comparison {
    /// Compares a network with the figures about a data set. Without network or data the papers'
    /// figures stand alone, with what is missing beside them.
    ///
    /// Progress is said to `say`, one line a step.
    ///
    /// # Errors
    ///
    /// [`ComparisonError`] for files that are there and cannot be read.
    pub fn of(
        data: DataSet,
        folder: &Folder,
        mut judged: Option<Judged<'_>>,
        noise_sds: &[f64],
        say: &mut dyn FnMut(&str),
    ) -> Result<Self, ComparisonError> {
        let inputs: &[Input2d] = match data {
            DataSet::H36m => &[Input2d::Truth, Input2d::Cpn],
            DataSet::Humaneva | DataSet::Mpi3dhp => &[Input2d::Truth],
        };
        let mut tables = Vec::new();
        let mut noise = Vec::new();
        for &input in inputs {
            let mut run = Run::default();
            match folder.read(data, input, Part::Test) {
                Ok(test) => {
                    say(&format!("{} ({} keypoints)", data.title(), input.title()));
                    run.on(data, &test, judged.as_mut(), 0.0)?;
                    match folder.read(data, input, Part::Train) {
                        Ok(train) => run.baselines(data, &test, &train)?,
                        // Baselines are a courtesy: without subjects to train on the table stands.
                        Err(error @ (FolderError::Missing(_) | FolderError::Data(_))) => {
                            run.baselines_missing = Some(error.to_string());
                        }
                        Err(error) => return Err(error.into()),
                    }
                    if input == Input2d::Truth && run.network.is_some() {
                        for &sd in noise_sds {
                            say(&format!("noise of {sd}"));
                            let mut noisy = Run::default();
                            noisy.on(data, &test, judged.as_mut(), sd)?;
                            let mpjpe_mm = noisy
                                .network
                                .and_then(|scores| average(data, &scores, Measure::Mpjpe));
                            noise.extend(mpjpe_mm.map(|mpjpe_mm| NoiseRow { sd, mpjpe_mm }));
                        }
                    }
                    tables.push(run.table(data, input, test.rate_hz));
                }
                Err(error @ FolderError::Missing(_)) => {
                    run.network_missing = Some(error.to_string());
                    run.baselines_missing.clone_from(&run.network_missing);
                    tables.push(run.table(data, input, None));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let config = judged.as_ref().map(|judged| judged.config);
        let figures = data
            .figures()
            .map(|figure| Figure::of(figure, config, &tables))
            .collect();
        Ok(Self {
            data,
            figures,
            tables,
            noise,
        })
    }

    /// The tables as text, for people.
    pub fn to_text(&self) -> String {
        super::text::of(self)
    }
}

/// Scores on one input.
#[derive(Default)]
struct Run {
    network: Option<Scores>,
    network_missing: Option<String>,
    mean_pose: Option<Scores>,
    nearest: Option<Scores>,
    baselines_missing: Option<String>,
}

impl Run {
    fn on(
        &mut self,
        data: DataSet,
        test: &Takes,
        judged: Option<&mut Judged<'_>>,
        noise_sd: f64,
    ) -> Result<(), ComparisonError> {
        let Some(judged) = judged else {
            self.network_missing = Some(NO_WEIGHTS.to_owned());
            return Ok(());
        };
        let [frames, joints, channels] = judged.config.input_shape();
        let [frames_out, joints_out, _] = judged.config.output_shape();
        let wanted = [test.input.joints(), 2, test.output.joints()];
        if [joints, channels, joints_out] != wanted {
            self.network_missing = Some(format!(
                "needs a network of {} joints with 2 channels in and {} joints out; this one has \
                 {joints} with {channels} and {joints_out}",
                wanted[0], wanted[2]
            ));
            return Ok(());
        }
        let judging = Judging {
            frames,
            answers: if frames_out == frames {
                Answers::Every
            } else {
                Answers::Centre
            },
            root: root_of(data),
            mirroring: Mirroring::Averaged,
            noise_sd,
            noise_seed: NOISE_SEED,
        };
        self.network = Some(judge(test, &judging, judged.lift)?);
        Ok(())
    }

    fn baselines(
        &mut self,
        data: DataSet,
        test: &Takes,
        train: &Takes,
    ) -> Result<(), ComparisonError> {
        let Some(library) = PoseLibrary::of(train, LIBRARY_POSES) else {
            self.baselines_missing = Some("needs frames to train on".to_owned());
            return Ok(());
        };
        let judging = Judging {
            frames: 1,
            answers: Answers::Every,
            root: root_of(data),
            mirroring: Mirroring::Off,
            noise_sd: 0.0,
            noise_seed: 0,
        };
        let mean_pose = library.mean_pose_m();
        let mut always = |_: &[f32], count: usize| mean_pose.repeat(count);
        self.mean_pose = Some(judge(test, &judging, &mut always)?);
        let mut nearest = |input: &[f32], _: usize| library.nearest_m(input);
        self.nearest = Some(judge(test, &judging, &mut nearest)?);
        Ok(())
    }

    fn table(self, data: DataSet, input: Input2d, rate_hz: Option<f64>) -> Table {
        let mpjpe = |scores: &Option<Scores>| -> BTreeMap<String, f64> {
            scores.as_ref().map_or_else(BTreeMap::new, |scores| {
                scores
                    .table(
                        Counting::Unique,
                        |take| group(data, take),
                        |e| Some(e.mpjpe_mm),
                    )
                    .actions()
                    .map(|(name, action)| (name.to_owned(), action.error))
                    .collect()
            })
        };
        let (mean_pose, nearest) = (mpjpe(&self.mean_pose), mpjpe(&self.nearest));
        let any = [&self.network, &self.mean_pose];
        let rows: Vec<Row> = groups(data, any.into_iter().flatten().next())
            .into_iter()
            .map(|name| Row {
                frames: any
                    .into_iter()
                    .flatten()
                    .next()
                    .map_or(0, |scores| frames_of(data, scores, &name)),
                upstream: means(
                    data,
                    self.network.as_ref(),
                    Counting::Upstream,
                    &name,
                    rate_hz,
                ),
                unique: means(
                    data,
                    self.network.as_ref(),
                    Counting::Unique,
                    &name,
                    rate_hz,
                ),
                mean_pose_mm: mean_pose.get(&name).copied(),
                nearest_mm: nearest.get(&name).copied(),
                group: name,
            })
            .collect();
        let correct = |scores: &Option<Scores>| {
            let scores = scores.as_ref()?;
            Some([scores.official14()?, scores.mmpose17()?])
        };
        Table {
            input,
            average: Row::mean_of(&rows),
            correct: correct(&self.network),
            correct_mean_pose: correct(&self.mean_pose),
            correct_nearest: correct(&self.nearest),
            rows,
            network_missing: self.network_missing,
            baselines_missing: self.baselines_missing,
        }
    }
}

fn root_of(data: DataSet) -> RootJoint {
    match data {
        DataSet::H36m | DataSet::Humaneva => RootJoint::Answered,
        DataSet::Mpi3dhp => RootJoint::Zeroed,
    }
}

/// The row a take belongs to, in one word.
fn group(data: DataSet, take: &TakeScore) -> String {
    let action = action_of(&take.name);
    match data {
        DataSet::H36m => action.to_owned(),
        DataSet::Humaneva => {
            let subject = take.subject.rsplit('/').next().unwrap_or(&take.subject);
            format!("{action}/{subject}")
        }
        DataSet::Mpi3dhp => take.name.clone(),
    }
}

/// The rows of a table, in the order of the papers, whether or not there is data for them.
fn groups(data: DataSet, scores: Option<&Scores>) -> Vec<String> {
    let mut groups: Vec<String> = match data {
        DataSet::H36m => H36M_ACTIONS.map(str::to_owned).to_vec(),
        DataSet::Humaneva => ["Walking", "Jog", "Box"]
            .iter()
            .flat_map(|action| ["S1", "S2", "S3"].map(|subject| format!("{action}/{subject}")))
            .collect(),
        DataSet::Mpi3dhp => crate::datasets::mpi_3dhp::TEST.map(str::to_owned).to_vec(),
    };
    for take in scores.iter().flat_map(|scores| &scores.takes) {
        let group = group(data, take);
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

fn frames_of(data: DataSet, scores: &Scores, name: &str) -> usize {
    let table = scores.table(Counting::Unique, |take| group(data, take), |_| Some(0.0));
    table.action(name).map_or(0, |action| action.frames)
}

fn means(
    data: DataSet,
    scores: Option<&Scores>,
    counting: Counting,
    name: &str,
    rate_hz: Option<f64>,
) -> Option<Means> {
    let scores = scores?;
    let of = |measure: fn(&Errors) -> Option<f64>| {
        let table = scores.table(counting, |take| group(data, take), measure);
        table.action(name).map(|action| action.error)
    };
    let (mpjve_mm, acceleration_mm) = (of(|e| e.mpjve_mm), of(|e| e.acceleration_mm));
    Some(Means {
        mpjpe_mm: of(|e| Some(e.mpjpe_mm))?,
        p_mpjpe_mm: of(|e| Some(e.p_mpjpe_mm))?,
        n_mpjpe_mm: of(|e| Some(e.n_mpjpe_mm))?,
        mpjve_mm,
        mpjve_mm_per_s: mpjve_mm.zip(rate_hz).map(|(mm, rate)| mm * rate),
        acceleration_mm,
        acceleration_m_per_s2: acceleration_mm
            .zip(rate_hz)
            .map(|(mm, rate)| mm * rate * rate / 1000.0),
    })
}

/// The average of a table as papers print it: the mean over actions, or over sequences by frames.
fn average(data: DataSet, scores: &Scores, measure: Measure) -> Option<f64> {
    let of = |measure: fn(&Errors) -> Option<f64>| {
        let table = scores.table(Counting::Upstream, |take| group(data, take), measure);
        table.mean_over_actions()
    };
    match measure {
        Measure::Mpjpe if data == DataSet::Mpi3dhp => scores.mmpose17().map(|c| c.mpjpe_mm),
        Measure::Mpjpe => of(|e| Some(e.mpjpe_mm)),
        Measure::PMpjpe => of(|e| Some(e.p_mpjpe_mm)),
        Measure::Mpjve => of(|e| e.mpjve_mm),
        Measure::Acceleration => of(|e| e.acceleration_mm),
        Measure::Pck => scores.official14().map(|c| c.pck_pct),
        Measure::Auc => scores.official14().map(|c| c.auc_pct),
    }
}

impl Row {
    fn mean_of(rows: &[Self]) -> Self {
        let mean = |get: &dyn Fn(&Self) -> Option<f64>| -> Option<f64> {
            let values: Vec<f64> = rows.iter().filter_map(get).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        let means = |counting: fn(&Self) -> Option<Means>| -> Option<Means> {
            let of = |get: fn(&Means) -> Option<f64>| mean(&|row| get(&counting(row)?));
            Some(Means {
                mpjpe_mm: of(|m| Some(m.mpjpe_mm))?,
                p_mpjpe_mm: of(|m| Some(m.p_mpjpe_mm))?,
                n_mpjpe_mm: of(|m| Some(m.n_mpjpe_mm))?,
                mpjve_mm: of(|m| m.mpjve_mm),
                mpjve_mm_per_s: of(|m| m.mpjve_mm_per_s),
                acceleration_mm: of(|m| m.acceleration_mm),
                acceleration_m_per_s2: of(|m| m.acceleration_m_per_s2),
            })
        };
        Self {
            group: "average".to_owned(),
            frames: rows.iter().map(|row| row.frames).sum(),
            upstream: means(|row| row.upstream),
            unique: means(|row| row.unique),
            mean_pose_mm: mean(&|row| row.mean_pose_mm),
            nearest_mm: mean(&|row| row.nearest_mm),
        }
    }
}

impl Figure {
    fn of(paper: &Published, config: Option<&NetworkConfig>, tables: &[Table]) -> Self {
        let (ours, missing) = match Self::ours(paper, config, tables) {
            Ok(ours) => (Some(ours), None),
            Err(missing) => (None, Some(missing)),
        };
        Self {
            paper: *paper,
            ours,
            gap: ours.map(|ours| ours - paper.value),
            missing,
        }
    }

    fn ours(
        paper: &Published,
        config: Option<&NetworkConfig>,
        tables: &[Table],
    ) -> Result<f64, String> {
        let input = match paper.input {
            Input2d::Cpn => Input2d::Cpn,
            Input2d::Truth | Input2d::NoisyTruth | Input2d::Unstated => Input2d::Truth,
        };
        let table = tables
            .iter()
            .find(|table| table.input == input)
            .ok_or("no such input")?;
        let same = NetworkConfig::preset(paper.preset).is_ok_and(|preset| Some(&preset) == config);
        let weights = format!("weights of {}", paper.preset);
        match &table.network_missing {
            // Without a network this says which files are missing, or only that weights are.
            Some(missing) if config.is_none() && missing != NO_WEIGHTS => {
                return Err(format!("{missing}, {weights}"));
            }
            Some(missing) if same => return Err(missing.clone()),
            _ if !same => return Err(format!("needs {weights}")),
            _ => {}
        }
        if paper.input == Input2d::NoisyTruth {
            return Err("needs the strength of the paper's noise; see --noise".to_owned());
        }
        let row = match paper.action {
            None => Some(&table.average),
            Some(action) => table.rows.iter().find(|row| row.group == action),
        };
        let means = row.and_then(|row| row.upstream);
        match paper.measure {
            Measure::Mpjpe if paper.data == DataSet::Mpi3dhp => {
                table.correct.map(|[_, all]| all.mpjpe_mm)
            }
            Measure::Mpjpe => means.map(|m| m.mpjpe_mm),
            Measure::PMpjpe => means.map(|m| m.p_mpjpe_mm),
            Measure::Mpjve => means.and_then(|m| m.mpjve_mm),
            Measure::Acceleration => means.and_then(|m| m.acceleration_mm),
            Measure::Pck => table.correct.map(|[official, _]| official.pck_pct),
            Measure::Auc => table.correct.map(|[official, _]| official.auc_pct),
        }
        .ok_or_else(|| "no frame of the data counts for it".to_owned())
    }
}
