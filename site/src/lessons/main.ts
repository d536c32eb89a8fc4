// What the page fetches when a lesson or the list of them is wanted.
export { Course } from './Course';
export { Lesson } from './lesson';
export { LessonView } from './LessonView';
