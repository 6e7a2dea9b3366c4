/** A link that opens the phone's own map with directions. */

/** RFC 5870; Android and the common Chinese map apps take it, with the name to show. Coordinates are WGS 84. */
export function wayTo(place: { name: string; lon_wgs84: number; lat_wgs84: number }): string {
  const at = `${place.lat_wgs84.toFixed(6)},${place.lon_wgs84.toFixed(6)}`;
  return `geo:${at}?q=${at}(${encodeURIComponent(place.name)})`;
}
