use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What one client can choose its addresses from: a /24 of IPv4, a /64 of IPv6.
///
/// ```
/// use domain::attempts::Network;
///
/// let network = |address: &str| Network::of(address.parse().unwrap());
/// assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.250"));
/// assert_ne!(network("192.0.2.1"), network("192.0.3.1"));
/// assert_eq!(network("192.0.2.1").to_string(), "192.0.2.0/24");
/// assert_eq!(Network::parse("2001:db8::/64"), Some(network("2001:db8::1")));
/// assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:0:0:1"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & !0xff).into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        })
    }

    /// Reads what [`Network`] is shown as.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, _) = text.split_once('/')?;
        address.parse().ok().map(Self::of).filter(|network| network.to_string() == text)
    }

    /// An IPv4 network is not that of any IPv6 address.
    pub(super) fn bytes(self) -> [u8; 16] {
        match self.0 {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => address.octets(),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0, if self.0.is_ipv4() { 24 } else { 64 })
    }
}
