import { describe, expect, it } from 'vitest';
import { isLoopback, isSameSite, normaliseName, parseHost } from '#lib/access/hosts.ts';

describe('loopback names', () => {
  it.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    'app.localhost',
    'a.b.localhost',
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '[::1]',
    '0:0:0:0:0:0:0:1',
  ])('%s is this machine', (name) => {
    expect(isLoopback(name)).toBe(true);
  });

  it.each([
    '',
    '.localhost',
    'localhost.evil.com',
    'evil-localhost',
    'mylocalhost',
    '127.0.0.1.evil.com',
    '127.evil.com',
    '127.0.0',
    '127.0.0.256',
    '127.0.0.01',
    '128.0.0.1',
    '0.0.0.0',
    '::',
    '::2',
    '[::1',
    'a:b',
    'localhost..',
  ])('%j is not', (name) => {
    expect(isLoopback(name)).toBe(false);
  });
});

describe('Host headers', () => {
  it.each([
    ['localhost:8003', { name: 'localhost', port: 8003 }],
    ['LocalHost.', { name: 'localhost', port: null }],
    ['localhost:', { name: 'localhost', port: null }],
    ['[::1]:8003', { name: '::1', port: 8003 }],
    ['[0:0::1]', { name: '::1', port: null }],
    ['gateway_1.internal:80', { name: 'gateway_1.internal', port: 80 }],
  ])('reads %s', (header, parsed) => {
    expect(parseHost(header)).toEqual(parsed);
  });

  it.each([
    undefined,
    '',
    ':8003',
    'localhost:port',
    'localhost:123456',
    'user@localhost',
    'localhost/path',
    'localhost, evil.com',
    'localhost evil.com',
    '::1',
    '[::1]evil.com',
    'ä.example',
    'a'.repeat(300),
  ])('refuses %j', (header) => {
    expect(parseHost(header)).toBeNull();
  });

  it('normalises a name once and for all', () => {
    for (const name of ['LOCALHOST.', '[::1]', 'a.B.c', '::FFFF:1']) {
      expect(normaliseName(normaliseName(name))).toBe(normaliseName(name));
    }
  });
});

describe('the same site', () => {
  it.each([
    ['http://localhost:8003', 'localhost:8003'],
    ['HTTP://LOCALHOST:8003', 'localhost:8003'],
    ['http://localhost', 'localhost:80'],
    ['https://gw.example.com', 'gw.example.com'],
    ['https://gw.example.com', 'gw.example.com:443'],
    ['http://[::1]:8003', '[::1]:8003'],
  ])('%s is %s', (origin, host) => {
    expect(isSameSite(origin, host)).toBe(true);
  });

  it.each([
    ['null', 'localhost:8003'],
    ['', 'localhost:8003'],
    ['http://localhost:3000', 'localhost:8003'],
    ['http://127.0.0.1:8003', 'localhost:8003'],
    ['http://localhost:8003.evil.com', 'localhost:8003'],
    ['http://localhost:8003@evil.com', 'localhost:8003'],
    ['http://evil.com', 'localhost:8003'],
    ['file://localhost:8003', 'localhost:8003'],
    ['chrome-extension://localhost:8003', 'localhost:8003'],
    ['http://localhost:8003', undefined],
  ])('%s is not %s', (origin, host) => {
    expect(isSameSite(origin, host)).toBe(false);
  });
});
