import { three } from './three.js';

three('shared');
