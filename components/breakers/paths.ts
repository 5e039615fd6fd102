/** Where a component's page and its part of the API are. */
export function pageOf(component: string): string {
  return `/breakers/${encodeURIComponent(component)}`;
}

export function apiOf(component: string, act = ''): string {
  return `/api/breakers/${encodeURIComponent(component)}${act === '' ? '' : `/${act}`}`;
}
