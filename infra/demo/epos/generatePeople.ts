import { en, en_GB, Faker } from '@faker-js/faker';
import type { Random } from '../random.ts';
import type { CustomerRow, SupplierRow } from './rows.ts';

const SUPPLIER_WORDS = [
  'Albion',
  'Border',
  'Castle',
  'Delta',
  'Empire',
  'Forth',
  'Granite',
  'Humber',
  'Imperial',
  'Jubilee',
  'Kelvin',
  'Lantern',
  'Mercia',
  'Northern',
  'Orbit',
  'Pioneer',
  'Quayside',
  'Regent',
  'Sterling',
  'Trent',
];
const SUPPLIER_TRADES = ['Wholesale', 'Imports', 'Distribution', 'Trading Co', 'Supplies', 'Agencies'];
const TOWNS = ['BIRMINGHAM', 'LEEDS', 'BRISTOL', 'GLASGOW', 'SHEFFIELD', 'CARDIFF', 'NORWICH', 'HULL'];
const POSTCODES = ['B6 7EU', 'LS10 1JR', 'BS2 0TJ', 'G51 4BP', 'S9 2TP', 'CF24 5JW', 'NR6 6JJ', 'HU3 4AE'];

export function generateSuppliers(random: Random, count: number): SupplierRow[] {
  return Array.from({ length: count }, (_, index): SupplierRow => {
    const place = random.int(0, TOWNS.length - 1);
    return {
      SUPP_CODE: `SU${String(index + 101).padStart(4, '0')}`,
      SUPP_NAME: `${SUPPLIER_WORDS[index % SUPPLIER_WORDS.length]} ${random.pick(SUPPLIER_TRADES)}${index % 3 === 0 ? ' LTD' : ''}`,
      ADDR1: `UNIT ${random.int(1, 60)}, ${random.pick(['CANAL', 'STATION', 'FORGE', 'MILL'])} ROAD`,
      TOWN: TOWNS[place]!,
      POSTCODE: POSTCODES[place]!,
      PHONE: `01632 96${String(random.int(0, 9999)).padStart(4, '0')}`,
      LEAD_DAYS: random.pick([3, 5, 7, 10, 14, 28]),
      ON_STOP: random.chance(0.05) ? 'Y' : 'N',
    };
  });
}

/** Invented people; their addresses end in example.com, .net or .org (RFC 2606), so no mail can reach anybody. */
export function generateCustomers(seed: number, count: number): CustomerRow[] {
  const faker = new Faker({ locale: [en_GB, en], seed });
  return Array.from({ length: count }, (_, index): CustomerRow => {
    const firstName = faker.person.firstName();
    const lastName = faker.person.lastName();
    const email = faker.internet.exampleEmail({ firstName, lastName }).toLowerCase();
    const name = `${firstName} ${lastName}`;
    return {
      CUST_NO: index + 1,
      CUST_NAME: (index % 4 === 0 ? name.toUpperCase() : name).slice(0, 60),
      EMAIL: index % 9 === 8 ? null : email.slice(0, 80),
      ADDR1: faker.location.streetAddress().slice(0, 40),
      ADDR2: index % 5 === 0 ? faker.location.secondaryAddress().slice(0, 40) : null,
      TOWN: faker.location.city().slice(0, 40),
      POSTCODE: faker.location.zipCode().slice(0, 8),
      CREATED: `20${String(9 + (index % 16)).padStart(2, '0')}-0${1 + (index % 9)}-${10 + (index % 18)}T09:30:00`,
    };
  });
}
