//! Making and finding containers.

use std::fmt;
use std::sync::{Arc, LazyLock};

use compute::{ComputeService, Document, SystemId, operation};
use hcs_schema::schema1::{ComputeSystemQuery, ContainerConfig, ContainerProperties};

use crate::additional_json::with_additional;
use crate::blocking::call;
use crate::{Container, Error, Result};

/// The calls of this crate on a host of the caller's choice. The free functions
/// ([`create_container`], ...) are the same on the host of this platform.
///
/// A clone is the same host. The service's futures run on this crate's own
/// runtime.
///
/// ```
/// use std::sync::Arc;
/// use compute::fake::FakeService;
/// use hcsshim::{ContainerConfig, Hcs};
///
/// let service = FakeService::linux();
/// let hcs = Hcs::new(Arc::new(service.clone()));
/// hcs.create_container("c1", &ContainerConfig::default())?;
/// assert_eq!(service.calls()[0].to_string(), "hcs::CreateComputeSystem c1");
/// # Ok::<(), hcsshim::Error>(())
/// ```
#[derive(Clone)]
pub struct Hcs(Arc<dyn ComputeService>);

impl Hcs {
    /// The calls on this service.
    pub fn new(service: Arc<dyn ComputeService>) -> Self {
        Self(service)
    }

    /// Makes a container. It is created and runs nothing until
    /// [`Container::start`].
    ///
    /// JSON in the variable `HCSSHIM_CREATECONTAINER_ADDITIONALJSON`, read once,
    /// is merged into the configuration: objects key by key, `null` leaves an
    /// object as it is, apart from that the variable wins.
    ///
    /// # Errors
    /// [`Error::AdditionalJson`] where the variable does not fit;
    /// [`Error::Host`] where the host cannot make the container: nothing of it
    /// is left then.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use hcsshim::{ContainerConfig, Hcs, Layer, SystemType};
    /// # let hcs = Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// let config = ContainerConfig {
    ///     system_type: SystemType::Container,
    ///     name: "db".into(),
    ///     layers: vec![Layer { path: "/srv/rootfs".into(), ..Default::default() }],
    ///     memory_maximum_in_mb: 256,
    ///     ..Default::default()
    /// };
    /// let container = hcs.create_container("db", &config)?;
    /// container.start()?;
    ///
    /// let error = hcs.create_container("db", &config).unwrap_err();
    /// assert!(error.to_string().starts_with("hcs::CreateComputeSystem db: "));
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn create_container(&self, id: &str, config: &ContainerConfig) -> Result<Container> {
        let id = parsed(operation::CREATE, id)?;
        let document = Document::from(with_additional(config)?);
        match call(self.0.create(&id, &document)) {
            Ok(system) => Ok(Container::new(system)),
            Err(error) => Err(Error::Host(error)),
        }
    }

    /// A handle to a container that exists, whoever made it.
    ///
    /// # Errors
    /// [`crate::is_not_exist`] holds where there is none of this id.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use hcsshim::Hcs;
    /// # let hcs = Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// let made = hcs.create_container("c1", &Default::default())?;
    /// let opened = hcs.open_container("c1")?;
    /// made.start()?;
    /// opened.pause()?;
    /// assert!(hcsshim::is_not_exist(&hcs.open_container("c2").unwrap_err()));
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn open_container(&self, id: &str) -> Result<Container> {
        let id = parsed(operation::OPEN, id)?;
        match call(self.0.open(&id)) {
            Ok(system) => Ok(Container::new(system)),
            Err(error) => Err(Error::Host(error)),
        }
    }

    /// The compute systems that the query selects; an empty query selects all.
    /// The members of one list are alternatives, the lists all have to fit.
    ///
    /// # Errors
    /// The host cannot tell.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use hcsshim::{ComputeSystemQuery, ContainerConfig, Hcs};
    /// # let hcs = Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let owned = |owner: &str| ContainerConfig { owner: owner.into(), ..Default::default() };
    /// hcs.create_container("c1", &owned("me"))?.start()?;
    /// hcs.create_container("c2", &owned("you"))?;
    /// let mine = ComputeSystemQuery { owners: vec!["me".into()], ..Default::default() };
    /// let found = hcs.get_containers(&mine)?;
    /// assert_eq!((found.len(), found[0].id.as_str()), (1, "c1"));
    /// assert_eq!(found[0].state, "Running");
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn get_containers(&self, query: &ComputeSystemQuery) -> Result<Vec<ContainerProperties>> {
        call(self.0.enumerate(query)).map_err(Error::Host)
    }
}

impl fmt::Debug for Hcs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hcs").finish_non_exhaustive()
    }
}

/// An id that can be one.
fn parsed(operation: &'static str, id: &str) -> Result<SystemId> {
    id.parse().map_err(|invalid| Error::Host(compute::Error::system(operation, id, invalid)))
}

/// The host of this platform, with the folders and time limits that the
/// environment named at first use.
static PLATFORM: LazyLock<Hcs> = LazyLock::new(|| {
    #[cfg(target_os = "linux")]
    let service = host_linux::LinuxHost::new();
    #[cfg(windows)]
    let service = host_windows::WindowsHost::new();
    #[cfg(not(any(target_os = "linux", windows)))]
    let service = crate::unsupported::Unsupported;
    Hcs::new(Arc::new(service))
});

/// [`Hcs::create_container`] on the host of this platform.
///
/// # Errors
/// Those of [`Hcs::create_container`]; on a platform without a host
/// [`crate::ERR_PLATFORM_NOT_SUPPORTED`].
///
/// ```
/// use hcsshim::{Container, ContainerConfig, Layer, Result, SystemType, create_container};
///
/// /// A container whose files are those of a folder; what it writes is kept apart.
/// fn from_folder(id: &str, rootfs: &str) -> Result<Container> {
///     create_container(id, &ContainerConfig {
///         system_type: SystemType::Container,
///         name: id.into(),
///         layers: vec![Layer { path: rootfs.into(), ..Default::default() }],
///         ..Default::default()
///     })
/// }
///
/// // An id becomes a file name: one that cannot is refused before anything is made.
/// let error = from_folder("../web", "/srv/rootfs").unwrap_err();
/// assert!(error.to_string().starts_with("hcs::CreateComputeSystem ../web: "));
/// ```
pub fn create_container(id: &str, config: &ContainerConfig) -> Result<Container> {
    PLATFORM.create_container(id, config)
}

/// [`Hcs::open_container`] on the host of this platform.
///
/// # Errors
/// Those of [`Hcs::open_container`]; on a platform without a host
/// [`crate::ERR_PLATFORM_NOT_SUPPORTED`].
///
/// ```
/// use hcsshim::{Cause, ERR_PLATFORM_NOT_SUPPORTED, is_not_exist, open_container};
///
/// let error = open_container("nobody-made-this-container").unwrap_err();
/// let no_host = matches!(error.cause(), Some(Cause::Named(ERR_PLATFORM_NOT_SUPPORTED)));
/// assert!(is_not_exist(&error) || no_host);
/// ```
pub fn open_container(id: &str) -> Result<Container> {
    PLATFORM.open_container(id)
}

/// [`Hcs::get_containers`] on the host of this platform.
///
/// # Errors
/// Those of [`Hcs::get_containers`]; on a platform without a host
/// [`crate::ERR_PLATFORM_NOT_SUPPORTED`].
///
/// ```
/// use hcsshim::{ComputeSystemQuery, get_containers};
///
/// let query = ComputeSystemQuery { owners: vec!["me".into()], ..Default::default() };
/// match get_containers(&query) {
///     Ok(mine) => mine.iter().for_each(|one| println!("{} is {}", one.id, one.state)),
///     Err(error) => eprintln!("the host cannot tell: {error}"),
/// }
/// ```
pub fn get_containers(query: &ComputeSystemQuery) -> Result<Vec<ContainerProperties>> {
    PLATFORM.get_containers(query)
}
